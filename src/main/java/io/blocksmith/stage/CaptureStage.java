package io.blocksmith.stage;

import ai.djl.ndarray.NDManager;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.Windows;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Makes the full-precision hidden states that enter a segment: embeddings for the first one, and for a later one the states
 * that entered the segment before it, moved through that segment's full-precision blocks.
 */
final class CaptureStage {
    private final RunContext run;

    CaptureStage(RunContext run) {
        this.run = run;
    }

    AttemptResult run(Ticket ticket, int segment, AttemptProgress progress) {
        Range range = run.plan().segments().ranges().get(segment);
        Path scratch = run.scratch(ticket);
        try (CheckpointWeights weights = run.openModel();
                NDManager manager = run.manager().newSubManager()) {
            ActivationLayout layout = BlockStage.layout(run, weights.config().hidden());
            Boundary entering = segment == 0
                    ? embed(weights, layout, scratch, progress, manager)
                    : throughSegmentBefore(segment, weights, layout, scratch, progress, manager);
            progress.begin("seal");
            List<ObjectRef> objects = run.seal(entering, ticket, range.first(), RunNames.Stream.FULL);
            return new AttemptResult(objects, Map.of());
        }
    }

    private Boundary embed(
            CheckpointWeights weights,
            ActivationLayout layout,
            Path scratch,
            AttemptProgress progress,
            NDManager manager) {
        progress.begin("embed");
        try (TokenFile tokens = run.calibrationTokens()) {
            Windows.Split split = run.calibration(tokens);
            return Boundary.embed(
                    weights,
                    List.of(split.train(), split.validation()),
                    scratch.resolve("embedded"),
                    layout,
                    run.recipe().blockAp().batchSize(),
                    manager,
                    (done, of) -> progress.passed(done, of, layout.sequenceLength()));
        }
    }

    private Boundary throughSegmentBefore(
            int segment,
            CheckpointWeights weights,
            ActivationLayout layout,
            Path scratch,
            AttemptProgress progress,
            NDManager manager) {
        RunState state = run.state();
        Range before = run.plan().segments().ranges().get(segment - 1);
        Ticket captured =
                RunContext.committed(state, new Capture(segment - 1, 0)).ticket();
        Boundary now = run.boundary(captured, before.first(), RunNames.Stream.FULL, layout);
        RotaryTable rotary = RotaryTable.of(weights.config(), layout.sequenceLength(), manager);
        try (ScriptedBlock decoder = ScriptedBlock.compile(weights.config(), rotary, run.bfloat16(), manager)) {
            for (int block = before.first(); block < before.end(); block++) {
                progress.begin("capture block " + block);
                try (NDManager blockManager = manager.newSubManager()) {
                    Boundary next = now.through(
                            decoder,
                            weights.block(block, blockManager),
                            scratch.resolve("after-" + block),
                            run.recipe().blockAp().batchSize(),
                            manager,
                            (done, of) -> progress.passed(done, of, layout.sequenceLength()));
                    if (block > before.first()) {
                        now.delete();
                    }
                    now = next;
                }
            }
        }
        return now;
    }
}
