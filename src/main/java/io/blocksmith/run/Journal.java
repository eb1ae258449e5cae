package io.blocksmith.run;

/**
 * The port to the durable list of a run's events. Calls block on storage, come one at a time and never from an actor's
 * own thread.
 */
public interface Journal {

    /**
     * The fold of everything recorded; {@link RunState#empty()} when there is nothing.
     *
     * @throws io.blocksmith.failure.BlocksmithException when a record is missing, altered or of an unknown version
     */
    RunState read();

    /**
     * Makes one more event durable, right after the last one read or appended here.
     *
     * @throws io.blocksmith.failure.BlocksmithException when storage fails; only {@link #read} can
     *     then tell whether the event is recorded
     */
    Appended append(Event event);

    /**
     * Whether the store takes objects now; asked while a run is paused because it did not.
     */
    boolean isWritable();

    /** What became of an append. */
    sealed interface Appended {
        /** The event is durable. */
        record Durable() implements Appended {}

        /** Somebody else has written that place: this supervisor is no longer the run's and must step down. */
        record Fenced(String holder, long epoch) implements Appended {}
    }
}
