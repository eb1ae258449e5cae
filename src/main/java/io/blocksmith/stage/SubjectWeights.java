package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointTensors;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.packed.BlockFile;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.packed.ScalesFile;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.spec.Quantization;
import io.blocksmith.train.BlockState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A run's model at one of its four points: full precision, round-to-nearest, after Block-AP, after E2E-QP. */
final class SubjectWeights implements LlamaWeights {
    private final RunContext run;
    private final RunState state;
    private final Subject subject;
    private final CheckpointWeights base;
    private final NDManager manager;
    private final AffineQuantizer quantizer;
    private final Packer packer;

    SubjectWeights(RunContext run, RunState state, Subject subject) {
        this.run = run;
        this.state = state;
        this.subject = subject;
        this.base = run.openModel();
        this.manager = run.manager().newSubManager();
        this.quantizer = new AffineQuantizer(run.recipe().quantization(), manager);
        this.packer = new Packer(run.recipe().quantization(), manager);
    }

    @Override
    public LlamaConfig config() {
        return base.config();
    }

    @Override
    public BlockWeights block(int index, NDManager target) {
        return switch (subject) {
            case FULL_PRECISION -> base.block(index, target);
            case ROUND_TO_NEAREST -> roundToNearest(index, target);
            case BLOCK_AP -> unpacked(trained(index, target), target);
            case END_TO_END -> unpacked(rescaled(index, trained(index, target), target), target);
        };
    }

    private BlockWeights roundToNearest(int index, NDManager target) {
        try (NDManager original = manager.newSubManager();
                NDScope _ = new NDScope()) {
            BlockWeights full = base.block(index, original);
            BlockState state = BlockState.roundToNearest(full, quantizer);
            return moved(state.quantized(quantizer), target);
        }
    }

    private PackedBlock trained(int index, NDManager target) {
        Path path = run.object(state, run.plan().finalStage(index), BlockStage.FILE);
        Quantization grid = run.recipe().quantization();
        try (BlockFile file = BlockFile.open(path, base.config(), grid)) {
            return file.read(target);
        }
    }

    private PackedBlock rescaled(int index, PackedBlock block, NDManager target) {
        Path path = run.object(state, new EndToEnd(), EndToEndStage.FILE);
        try (ScalesFile scales = ScalesFile.open(path)) {
            List<PackedWeight> linears = new ArrayList<>();
            for (Linear linear : Linear.values()) {
                PackedWeight weight = block.linears().get(linear.index());
                NDArray stepSize = target.create(
                        scales.stepSizes(index, linear), weight.stepSize().getShape());
                byte[] stored = scales.zeroPoints(index, linear);
                float[] zeroPoints = new float[stored.length];
                for (int i = 0; i < stored.length; i++) {
                    zeroPoints[i] = Byte.toUnsignedInt(stored[i]);
                }
                NDArray zeroPoint = target.create(zeroPoints, weight.zeroPoint().getShape());
                linears.add(new PackedWeight(weight.planes(), stepSize, zeroPoint, weight.rows(), weight.columns()));
            }
            return new PackedBlock(linears, block.biases(), block.norms());
        }
    }

    private BlockWeights unpacked(PackedBlock block, NDManager target) {
        try (NDScope _ = new NDScope()) {
            return moved(block.unpack(packer), target);
        }
    }

    /** Gives arrays of a closing scope to {@code target}. */
    private static BlockWeights moved(BlockWeights weights, NDManager target) {
        return new BlockWeights(
                weights.linears().stream().map(array -> moved(array, target)).toList(),
                weights.biases().stream().map(array -> moved(array, target)).toList(),
                weights.norms().stream().map(array -> moved(array, target)).toList());
    }

    private static NDArray moved(NDArray array, NDManager target) {
        NDScope.unregister(array);
        array.attach(target);
        return array;
    }

    @Override
    public CheckpointTensors tensors() {
        return base.tensors();
    }

    @Override
    public void close() {
        quantizer.close();
        packer.close();
        manager.close();
        base.close();
    }
}
