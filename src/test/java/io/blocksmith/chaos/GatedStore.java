package io.blocksmith.chaos;

import io.blocksmith.run.ObjectRef;
import io.blocksmith.store.ObjectStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A store whose writes pass a gate: {@code put before NAME}, {@code put after NAME}, {@code create before NAME CONTENT},
 * {@code create after NAME CONTENT}.
 */
public record GatedStore(ObjectStore store, FaultGate gate) implements ObjectStore {

    @Override
    public ObjectRef put(String name, Path finished) {
        gate.pass("put before " + name);
        ObjectRef reference = store.put(name, finished);
        gate.pass("put after " + name);
        return reference;
    }

    @Override
    public boolean createIfAbsent(String name, byte[] content) {
        String text = name + " " + new String(content, StandardCharsets.UTF_8);
        gate.pass("create before " + text);
        boolean created = store.createIfAbsent(name, content);
        gate.pass("create after " + text);
        return created;
    }

    @Override
    public Path temporary(String name) {
        return store.temporary(name);
    }

    @Override
    public Path scratch() {
        return store.scratch();
    }

    @Override
    public void replace(String name, byte[] content) {
        store.replace(name, content);
    }

    @Override
    public Optional<byte[]> find(String name) {
        return store.find(name);
    }

    @Override
    public byte[] read(String name) {
        return store.read(name);
    }

    @Override
    public Path path(String name) {
        return store.path(name);
    }

    @Override
    public void refresh(String name) {
        store.refresh(name);
    }

    @Override
    public void release() {
        store.release();
    }

    @Override
    public Optional<ObjectRef> examine(String name) {
        return store.examine(name);
    }

    @Override
    public String where(String name) {
        return store.where(name);
    }

    @Override
    public boolean exists(String name) {
        return store.exists(name);
    }

    @Override
    public List<String> list(String prefix) {
        return store.list(prefix);
    }

    @Override
    public List<String> unfinished() {
        return store.unfinished();
    }

    @Override
    public void delete(String name) {
        store.delete(name);
    }

    @Override
    public boolean isWritable() {
        return store.isWritable();
    }

    @Override
    public long bytes() {
        return store.bytes();
    }

    @Override
    public long freeBytes() {
        return store.freeBytes();
    }

    @Override
    public void close() {
        store.close();
    }
}
