package io.blocksmith.run;

import java.util.List;

/**
 * What is known of an attempt that ended without a result.
 *
 * @param step the last training step it told of, 0 before the first
 * @param savedStep the step of its newest durable checkpoint, 0 when it saved nothing
 * @param losses the last training losses, oldest first
 */
public record Evidence(long step, long savedStep, List<Double> losses) {
    /** Of an attempt that never spoke. */
    public static final Evidence NONE = new Evidence(0, 0, List.of());

    public Evidence {
        losses = List.copyOf(losses);
    }
}
