package io.blocksmith.stage;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.data.TokenFile;
import io.blocksmith.estimate.TokenCost;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.packed.BlockFile;
import io.blocksmith.quant.Packer;
import io.blocksmith.run.RunState;
import io.blocksmith.stage.StoredBoundaries.Sealed;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.RunNames.Stream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hidden states that enter a block, as committed stages sealed them. What is damaged, or was deleted before a block
 * had to be done again, is made once more from the nearest sound boundary before it: the full-precision stream through the
 * model's blocks, the quantized one through the committed blocks, in the same batches and therefore to the same bytes.
 *
 * @param scratch where boundaries are made again
 */
record HiddenStates(
        RunContext run,
        RunState state,
        Chain chain,
        CheckpointWeights model,
        DecoderBlock decoder,
        Packer packer,
        Path scratch,
        NDManager manager,
        AttemptProgress progress) {
    private static final Logger LOG = LoggerFactory.getLogger(HiddenStates.class);

    /** The full-precision stream that enters {@code block}. */
    Boundary full(int block) {
        for (int before = block; before >= 0; before--) {
            Optional<Boundary> found = sealed(chain.full().apply(before), before, Stream.FULL);
            if (found.isPresent()) {
                return forward(found.get(), before, block, Stream.FULL);
            }
        }
        return forward(embedded(), 0, block, Stream.FULL);
    }

    /** The quantized stream that enters {@code block}; before the chain's first block it is the full-precision one. */
    Boundary quantized(int block) {
        for (int before = block; before > chain.first(); before--) {
            Optional<Boundary> found = sealed(chain.quantized().apply(before), before, Stream.QUANTIZED);
            if (found.isPresent()) {
                return forward(found.get(), before, block, Stream.QUANTIZED);
            }
        }
        return forward(full(chain.first()), chain.first(), block, Stream.QUANTIZED);
    }

    /** What {@code stages} sealed, read through once; empty when any of it is not there or not sound. */
    private Optional<Boundary> sealed(List<Sealed> stages, int block, Stream stream) {
        if (stages.isEmpty() || !stages.stream().allMatch(part -> state.isCommitted(part.stage()))) {
            return Optional.empty();
        }
        progress.begin("check");
        StoredBoundaries stored = new StoredBoundaries(run);
        for (Sealed part : stages) {
            Optional<String> damage = stored.damage(state, part, block, stream, progress);
            if (damage.isPresent()) {
                LOG.warn("the {} stream before block {} is made again: {}", stream.key(), block, damage.get());
                return Optional.empty();
            }
        }
        return Optional.of(stored.read(state, stages, block, stream));
    }

    private Boundary embedded() {
        progress.begin("embed");
        try (TokenFile tokens = run.calibrationTokens()) {
            return Boundary.embed(
                    model,
                    chain.windows().apply(run.calibration(tokens)),
                    scratch.resolve("embedded-" + chain.phase()),
                    chain.layout(),
                    run.recipe().blockAp().batchSize(),
                    manager,
                    new DevicePass(progress, chain.layout().sequenceLength(), 0));
        }
    }

    private Boundary forward(Boundary start, int from, int to, Stream stream) {
        Boundary now = start;
        int length = chain.layout().sequenceLength();
        double cost = TokenCost.of(model.config(), length).block();
        for (int block = from; block < to; block++) {
            progress.begin(chain.phase(), block);
            FolderBoundary next;
            try (NDManager blockManager = manager.newSubManager();
                    NDScope _ = new NDScope()) {
                next = now.through(
                        decoder,
                        weights(block, stream, blockManager),
                        scratch.resolve("%s-after-%d".formatted(stream.key(), block)),
                        run.recipe().blockAp().batchSize(),
                        manager,
                        new DevicePass(progress, length, cost));
            }
            if (now instanceof FolderBoundary passed) {
                passed.delete();
            }
            now = next;
        }
        return now;
    }

    private BlockWeights weights(int block, RunNames.Stream stream, NDManager target) {
        return switch (stream) {
            case FULL -> model.block(block, target);
            case QUANTIZED -> {
                Path file = run.object(state, chain.trained().apply(block), BlockStage.FILE);
                try (BlockFile trained =
                        BlockFile.open(file, model.config(), run.recipe().quantization())) {
                    yield trained.read(target).unpack(packer);
                }
            }
        };
    }
}
