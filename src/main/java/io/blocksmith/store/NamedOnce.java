package io.blocksmith.store;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says of each thing that is passed over that it is, once in the life of the process and not at every look. */
public final class NamedOnce {
    private static final Logger LOG = LoggerFactory.getLogger(NamedOnce.class);
    private static final int MOST = 1000;

    private final String what;
    private final Set<String> named = ConcurrentHashMap.newKeySet();

    /** @param what is said of each, e.g. {@code is no entry of the queue} */
    public NamedOnce(String what) {
        this.what = what;
    }

    /** Names {@code where} with the reason, unless that was done before. */
    public void tell(String where, String why) {
        if (named.size() < MOST && named.add(where + why)) {
            LOG.warn("{} {}: {}", where, what, why);
        }
    }
}
