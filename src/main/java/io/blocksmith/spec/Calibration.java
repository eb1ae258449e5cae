package io.blocksmith.spec;

/**
 * The windows that Block-AP trains and validates on.
 *
 * @param sequenceLength tokens in a window
 * @param trainSamples windows trained on
 * @param validationSamples windows the best state is chosen by; never overlap the trained ones
 * @param order how windows are taken from the token stream
 * @param activations number format of the boundary files
 */
public record Calibration(
        int sequenceLength, int trainSamples, int validationSamples, Order order, Activations activations) {
    /** How windows are drawn from the stream, which is first cut into windows that do not overlap. */
    public enum Order {
        /** A seeded draw without replacement from the whole stream. */
        RANDOM,
        /** From the start: the trained windows, then the validation windows. */
        FILE
    }

    /** Number format of hidden states on disk. */
    public enum Activations {
        FLOAT32(4),
        FLOAT16(2);

        private final int bytes;

        Activations(int bytes) {
            this.bytes = bytes;
        }

        /** Bytes of one number. */
        public int bytes() {
            return bytes;
        }
    }

    public Calibration {
        Require.that(sequenceLength >= 2, "calibration.sequence-length", sequenceLength, "at least 2 tokens");
        Require.that(trainSamples >= 1, "calibration.train-samples", trainSamples, "at least 1 window");
        Require.that(validationSamples >= 0, "calibration.validation-samples", validationSamples, "0 or more windows");
    }
}
