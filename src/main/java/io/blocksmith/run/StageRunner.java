package io.blocksmith.run;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The port between the actors and the numerical work. The actors call it on the device thread only; an implementation
 * reads what it needs of the run from the store.
 */
public interface StageRunner {

    /**
     * Runs one attempt to its end.
     *
     * @param progress told often; the receiver throttles
     * @param cancelled asked between steps; true ends the attempt with {@link
     * java.util.concurrent.CancellationException}
     * @throws io.blocksmith.failure.BlocksmithException with the category that the failure policy decides by
     */
    StageResult run(Ticket ticket, Consumer<Progress> progress, BooleanSupplier cancelled);
}
