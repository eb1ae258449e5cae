package io.blocksmith.stage;

import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.packed.BlockFile;
import io.blocksmith.packed.PackedSource;
import io.blocksmith.packed.ScalesFile;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.spec.Quantization;
import java.nio.file.Path;

/** The end of a run as numbers: codes, biases and norms as Block-AP left them, scales as E2E-QP left them. */
final class FinalModel implements PackedSource, AutoCloseable {
    private final RunContext run;
    private final RunState state;
    private final LlamaConfig config;
    private final ScalesFile scales;

    FinalModel(RunContext run, RunState state, LlamaConfig config) {
        this.run = run;
        this.state = state;
        this.config = config;
        this.scales = ScalesFile.open(run.object(state, new EndToEnd(), EndToEndStage.FILE));
    }

    @Override
    public Block open(int index) {
        Path path = run.object(state, run.plan().finalStage(index), BlockStage.FILE);
        Quantization grid = run.recipe().quantization();
        return new FinalBlock(index, BlockFile.open(path, config, grid), scales);
    }

    private record FinalBlock(int index, BlockFile file, ScalesFile scales) implements Block {
        @Override
        public void codes(Linear linear, long firstRow, byte[] codes) {
            file.codes(linear, firstRow, codes);
        }

        @Override
        public float[] stepSizes(Linear linear) {
            return scales.stepSizes(index, linear);
        }

        @Override
        public byte[] zeroPoints(Linear linear) {
            return scales.zeroPoints(index, linear);
        }

        @Override
        public float[] bias(Linear linear) {
            return file.bias(linear);
        }

        @Override
        public float[] attentionNorm() {
            return file.attentionNorm();
        }

        @Override
        public float[] feedForwardNorm() {
            return file.feedForwardNorm();
        }

        @Override
        public void close() {
            file.close();
        }
    }

    @Override
    public void close() {
        scales.close();
    }
}
