package io.blocksmith.store;

import io.blocksmith.run.ObjectRef;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Immutable named objects, shared by all processes of a run. Names are relative, with forward slashes, like {@code
 * blocks/007/attempt-2/codes.safetensors}; slashes mean nothing but a prefix to list by, and no part of a name starts
 * with a dot. An object is there completely or not at all, whatever crashes.
 *
 * <p>A store is opened under an owner's name, one for each process, which its unfinished files are kept under. Any
 * number of threads may use it at once.
 *
 * <p>Every method throws {@link io.blocksmith.failure.BlocksmithException} when storage fails: STORE_FULL when there is
 * no room, STORE_UNAVAILABLE when storage does not answer or refuses writes for now, ENVIRONMENT when a person has to
 * act (no permission, no such object), TRANSIENT otherwise.
 */
public interface ObjectStore extends AutoCloseable {

    /**
     * An empty local file to write the content of {@code name} into before it is {@link #put}. A file that is never
     * put is removed when the store is closed, or when a later process opens one under the same owner's name.
     */
    Path temporary(String name);

    /**
     * A local folder of this owner for whatever it works on, on the file system that {@link #temporary} is on; nothing
     * in it is an object. Emptied when the store is closed, or when a later process opens one under the same owner's
     * name.
     */
    Path scratch();

    /**
     * Makes a finished local file the object {@code name}, durably, and takes the file away. An object of that name is
     * replaced: only names that users look for (exports, reports) are ever written twice.
     *
     * @param finished from {@link #temporary} or below {@link #scratch}
     */
    ObjectRef put(String name, Path finished);

    /**
     * Makes {@code content} the object {@code name}, durably, unless there is one. When the answer of a remote store
     * got lost on the way, false may mean that this very call created the object: who cares compares the content.
     *
     * @return false when there is one, which is then untouched
     */
    boolean createIfAbsent(String name, byte[] content);

    /**
     * Makes {@code content} the object {@code name} whatever was there; for the few small objects that change, like a
     * heartbeat. A reader sees the old content or the new, never a mixture.
     */
    void replace(String name, byte[] content);

    /** The whole content of a small object, as it is in the store now. */
    Optional<byte[]> find(String name);

    /** The whole content of a small object, which must be there. */
    byte[] read(String name);

    /** A local file with the content, for mapping; must not be written to. */
    Path path(String name);

    /** Forgets the local copy behind {@link #path}, where that is a copy; the next call makes a new one. */
    void refresh(String name);

    /** Reads the whole object from where it is kept; its length and digest as they are there now. */
    Optional<ObjectRef> examine(String name);

    /** The object for people: a path or an address. */
    String where(String name);

    boolean exists(String name);

    /** Names of all complete objects that start with {@code prefix}, sorted. */
    List<String> list(String prefix);

    /** What all owners, dead or alive, have not finished: temporary and scratch files, uploads; for people. */
    List<String> unfinished();

    /** Does nothing when there is no such object. */
    void delete(String name);

    /** Whether a small object can be written now; tried with one. */
    boolean isWritable();

    /** Size of all complete objects together, in bytes; looks at each of them. */
    long bytes();

    /** Room left for new objects, in bytes. */
    long freeBytes();

    /** Removes this owner's unfinished files and scratch folder; objects stay. */
    @Override
    void close();
}
