package io.blocksmith.llama;

import io.blocksmith.failure.BlocksmithException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Shapes of well-known models by name, for estimates and benchmarks that need no weights. */
public final class ModelShapes {
    private static final Map<String, LlamaConfig> SHAPES = new LinkedHashMap<>();

    static {
        SHAPES.put("smollm2-135m", shape(576, 1536, 30, 9, 3, 49_152, 8192, 100_000, true, 0));
        SHAPES.put("tinyllama-1.1b", shape(2048, 5632, 22, 32, 4, 32_000, 2048, 10_000, false, 1));
        SHAPES.put("llama-2-7b", shape(4096, 11_008, 32, 32, 32, 32_000, 4096, 10_000, false, 1));
        SHAPES.put("llama-2-13b", shape(5120, 13_824, 40, 40, 40, 32_000, 4096, 10_000, false, 1));
        SHAPES.put("llama-2-70b", shape(8192, 28_672, 80, 64, 8, 32_000, 4096, 10_000, false, 1));
        SHAPES.put("llama-3-8b", shape(4096, 14_336, 32, 32, 8, 128_256, 8192, 500_000, false, 128_000));
        SHAPES.put("llama-3-70b", shape(8192, 28_672, 80, 64, 8, 128_256, 8192, 500_000, false, 128_000));
    }

    private ModelShapes() {}

    /**
     * The shape called {@code name}.
     *
     * @throws BlocksmithException USER, listing the names, when there is none
     */
    public static LlamaConfig named(String name) {
        LlamaConfig shape = SHAPES.get(name);
        if (shape == null) {
            throw BlocksmithException.user("no shape is called %s; known: %s", name, String.join(", ", names()));
        }
        return shape;
    }

    /** The known names, the smallest models first. */
    public static List<String> names() {
        return List.copyOf(SHAPES.keySet());
    }

    private static LlamaConfig shape(
            int hidden,
            int feedForward,
            int blocks,
            int heads,
            int keyValueHeads,
            int vocabulary,
            int context,
            double theta,
            boolean tied,
            int beginToken) {
        return new LlamaConfig(
                hidden,
                feedForward,
                blocks,
                heads,
                keyValueHeads,
                hidden / heads,
                vocabulary,
                context,
                1e-5,
                theta,
                new RopeScaling.None(),
                false,
                false,
                tied,
                OptionalInt.of(beginToken));
    }
}
