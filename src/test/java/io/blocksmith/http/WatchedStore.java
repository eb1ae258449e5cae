package io.blocksmith.http;

import io.blocksmith.store.ObjectStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A store that tells a test of each small object that is asked for, before it is read. */
final class WatchedStore {
    private WatchedStore() {}

    /** May wait, or throw in the store's place. */
    @FunctionalInterface
    interface Watcher {
        void asked(String name) throws InterruptedException;
    }

    static ObjectStore of(ObjectStore store, Watcher watcher) {
        return (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("find")) {
                        watcher.asked((String) arguments[0]);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException failure) {
                        throw failure.getCause();
                    }
                });
    }
}
