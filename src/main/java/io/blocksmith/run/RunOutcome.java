package io.blocksmith.run;

/** How a supervisor's work on a run ended. */
public sealed interface RunOutcome {

    /** Every stage has its result. */
    record Completed(RunState state) implements RunOutcome {}

    /** The run rests; {@code state.rest()} says why. */
    record Stopped(RunState state) implements RunOutcome {}

    /** Another supervisor has taken the run over. */
    record Fenced(String holder, long epoch) implements RunOutcome {}

    /** The supervisor could not go on: its journal failed. */
    record Broken(Throwable cause) implements RunOutcome {}
}
