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
    /**
     * How trained windows are drawn from the stream, which is first cut into windows that do not overlap. The end of the
     * stream is held out: validation windows come from there.
     */
    public enum Order {
        /** A seeded draw without replacement. */
        RANDOM,
        /** The first windows of the stream. */
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
