package io.blocksmith.run;

import io.blocksmith.run.StageState.Failure;
import java.util.List;

/**
 * What to do about a stage that has failed.
 *
 * @param tries attempts that may fail before the run stops, for failures that may pass by themselves
 */
public record FailurePolicy(int tries) {

    /** Three tries a stage. */
    public static FailurePolicy standard() {
        return new FailurePolicy(3);
    }

    /** The policy's answer. */
    public sealed interface Verdict {
        /** Another attempt may start. */
        record Retry() implements Verdict {}

        /** The run must stop; {@code reason} tells a person why. */
        record GiveUp(String reason) implements Verdict {}
    }

    /**
     * Decides by the latest failure, and by how many there were.
     *
     * @param failures of one stage, oldest first; none is a reason to try
     */
    public Verdict judge(Stage stage, List<Failure> failures) {
        if (failures.isEmpty()) {
            return new Verdict.Retry();
        }
        Failure last = failures.getLast();
        return switch (last.category()) {
            case USER, ENVIRONMENT, STORE_FULL, DEVICE_MEMORY, DEFECT ->
                new Verdict.GiveUp("%s failed on %s: %s".formatted(stage.key(), last.worker(), last.reason()));
            case TRANSIENT, NOT_FINITE, STORE_UNAVAILABLE, HUNG, WORKER_LOST ->
                failures.size() < tries
                        ? new Verdict.Retry()
                        : new Verdict.GiveUp("%s failed %d times (at most %d tries), last on %s: %s"
                                .formatted(stage.key(), failures.size(), tries, last.worker(), last.reason()));
        };
    }
}
