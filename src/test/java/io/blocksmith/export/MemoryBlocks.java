package io.blocksmith.export;

import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.packed.PackedSource;
import io.blocksmith.spec.Quantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A trained state made up in memory; tests may change the arrays of a block. */
final class MemoryBlocks implements PackedSource {
    private final List<MemoryBlock> blocks = new ArrayList<>();

    /** Codes, step sizes, norms and biases from {@code seed}; zero points too unless symmetric. */
    static MemoryBlocks random(LlamaConfig config, Quantization grid, long seed) {
        Random random = new Random(seed);
        MemoryBlocks made = new MemoryBlocks();
        for (int index = 0; index < config.blocks(); index++) {
            made.blocks.add(new MemoryBlock(config, grid, random));
        }
        return made;
    }

    MemoryBlock block(int index) {
        return blocks.get(index);
    }

    @Override
    public Block open(int index) {
        return blocks.get(index);
    }

    static final class MemoryBlock implements Block {
        final Map<Linear, byte[]> codes = new EnumMap<>(Linear.class);
        final Map<Linear, float[]> stepSizes = new EnumMap<>(Linear.class);
        final Map<Linear, byte[]> zeroPoints = new EnumMap<>(Linear.class);
        private final Map<Linear, float[]> biases = new EnumMap<>(Linear.class);
        private final LlamaConfig config;
        private final float[] attentionNorm;
        private final float[] feedForwardNorm;

        private MemoryBlock(LlamaConfig config, Quantization grid, Random random) {
            this.config = config;
            for (Linear linear : Linear.values()) {
                int rows = (int) config.rows(linear);
                int columns = (int) config.columns(linear);
                int groups = rows * columns / grid.groupColumns(columns);
                byte[] code = new byte[rows * columns];
                byte[] zero = new byte[groups];
                for (int i = 0; i < code.length; i++) {
                    code[i] = (byte) random.nextInt(grid.maxCode() + 1);
                }
                for (int i = 0; i < zero.length; i++) {
                    zero[i] = (byte) random.nextInt(grid.maxCode() + 1);
                }
                if (grid.symmetric()) {
                    Arrays.fill(zero, (byte) (1 << (grid.bits() - 1)));
                }
                codes.put(linear, code);
                zeroPoints.put(linear, zero);
                stepSizes.put(linear, positive(random, groups));
                biases.put(linear, positive(random, rows));
            }
            attentionNorm = positive(random, config.hidden());
            feedForwardNorm = positive(random, config.hidden());
        }

        private static float[] positive(Random random, int length) {
            float[] values = new float[length];
            for (int i = 0; i < length; i++) {
                values[i] = 0.01f + random.nextFloat();
            }
            return values;
        }

        @Override
        public void codes(Linear linear, long firstRow, byte[] target) {
            System.arraycopy(codes.get(linear), (int) (firstRow * config.columns(linear)), target, 0, target.length);
        }

        @Override
        public float[] stepSizes(Linear linear) {
            return stepSizes.get(linear);
        }

        @Override
        public byte[] zeroPoints(Linear linear) {
            return zeroPoints.get(linear);
        }

        @Override
        public float[] bias(Linear linear) {
            return biases.get(linear);
        }

        @Override
        public float[] attentionNorm() {
            return attentionNorm;
        }

        @Override
        public float[] feedForwardNorm() {
            return feedForwardNorm;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
