package io.blocksmith.train;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far a training is, besides its arrays. A validation that was cut short has left no trace here: it is repeated.
 *
 * @param step optimizer steps done
 * @param validatedStep the step of the last validation, -1 before the first
 * @param startLoss validation loss at step 0, NaN without one
 * @param validationLoss that of the last validation
 * @param epochLoss sum of the training losses of the epoch of the last step
 */
record Position(long step, long validatedStep, double startLoss, double validationLoss, double epochLoss) {
    static final Position START = new Position(0, -1, Double.NaN, Double.NaN, 0);

    Position stepped(double loss, boolean firstOfEpoch) {
        return new Position(step + 1, validatedStep, startLoss, validationLoss, firstOfEpoch ? loss : epochLoss + loss);
    }

    Position validated(double loss) {
        return new Position(step, step, step == 0 ? loss : startLoss, loss, epochLoss);
    }

    Map<String, Double> numbers() {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("validated-step", (double) validatedStep);
        numbers.put("start-loss", startLoss);
        numbers.put("validation-loss", validationLoss);
        numbers.put("epoch-loss", epochLoss);
        return numbers;
    }

    static Position of(Snapshot.Stored stored) {
        return new Position(
                stored.step(),
                (long) stored.number("validated-step"),
                stored.number("start-loss"),
                stored.number("validation-loss"),
                stored.number("epoch-loss"));
    }
}
