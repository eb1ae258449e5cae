package io.blocksmith.http;

import io.blocksmith.store.ObjectStore;
import java.util.List;

/** The runs that a process can show. Asked on threads that may wait for a store; any number of them at once. */
public interface RunDirectory extends AutoCloseable {
    /** Names of the runs, in the order of their submission. */
    List<String> names();

    /** A run's folder or address, for people. */
    String where(String run);

    /** Opens a run of {@link #names} for looking; closed by the caller. */
    ObjectStore look(String run);

    /** Opens a run of {@link #names} for asking something of it; closed by the caller. */
    ObjectStore write(String run);

    /** Releases what it keeps open between calls; called once, by the server that it was given to. */
    @Override
    default void close() {}
}
