package io.blocksmith.demo;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.spec.Adam;
import java.util.OptionalInt;

/**
 * The numbers of the bundled model: 1.3 million parameters, every width a multiple of 64, and few enough steps to train
 * it in a quarter of an hour on two cores.
 */
public final class DemoModel {
    /** Token ids asked of the tokenizer. */
    public static final int VOCABULARY = 1024;

    /** Documents at the end of the text that are not trained on. */
    public static final int HELD_OUT = 64;

    /** Steps to the lowest validation loss on the 1,400 stories that the bundled model was trained on. */
    public static final long STEPS = 1_000;

    /** Tokens of calibration.jsonl and evaluation.jsonl: 576 and 110 windows of 128. */
    public static final int CALIBRATION_TOKENS = 76_000;

    public static final int EVALUATION_TOKENS = 14_500;

    private static final int CONTEXT = 512;

    private DemoModel() {}

    /** The shape, for a tokenizer of {@code vocabulary} ids. */
    public static LlamaConfig config(int vocabulary) {
        return new LlamaConfig(
                128,
                384,
                6,
                4,
                2,
                32,
                vocabulary,
                CONTEXT,
                1e-5,
                10_000,
                new RopeScaling.None(),
                false,
                false,
                true,
                OptionalInt.of(BytePairTokenizer.BEGIN));
    }

    /** The training; windows of the whole context, so that every position up to it has been seen. */
    public static Pretraining training(long steps, long seed) {
        return new Pretraining(CONTEXT, 8, steps, steps / 10, 2e-3, new Adam(0.9, 0.95, 1e-8, 0.1), 1.0, 50, seed);
    }

    /** How its texts are drawn: near its own distribution, without the rare tokens that make a story fall apart. */
    public static TokenChoice choice() {
        return new TokenChoice(0.9, 0, 0.95);
    }
}
