package io.blocksmith.store;

import io.blocksmith.run.ObjectRef;
import java.nio.file.Path;
import java.util.List;

/**
 * Immutable named objects. Names are relative, with forward slashes, like {@code
 * blocks/007/attempt-2/codes.safetensors}; slashes mean nothing but a prefix to list by. An object is there
 * completely or not at all, whatever crashes.
 *
 * <p>Every method throws {@link io.blocksmith.failure.BlocksmithException} when storage fails: ENVIRONMENT when a
 * person has to act (no room, no permission), TRANSIENT otherwise.
 */
public interface ObjectStore {

    /**
     * An empty local file to write the content of {@code name} into before it is {@link #put}. A file that is never
     * put is removed when the store is next opened for writing.
     */
    Path temporary(String name);

    /**
     * Makes a finished local file the object {@code name}, durably, and takes the file away. An object of that name is
     * replaced: only names that users look for (exports, reports) are ever written twice.
     *
     * @param finished from {@link #temporary}, or any file on the store's own file system
     */
    ObjectRef put(String name, Path finished);

    /**
     * Makes {@code content} the object {@code name}, durably, unless there is one.
     *
     * @return false when there is one, which is then untouched
     */
    boolean createIfAbsent(String name, byte[] content);

    /** The whole content of a small object. */
    byte[] read(String name);

    /** A local file with the content, for mapping; must not be written to. */
    Path path(String name);

    boolean exists(String name);

    /** Names of all complete objects that start with {@code prefix}, sorted. */
    List<String> list(String prefix);

    /** Does nothing when there is no such object. */
    void delete(String name);

    /** Whether a small object can be written now; tried with one. */
    boolean isWritable();

    /** Room left for new objects, in bytes. */
    long freeBytes();
}
