package io.blocksmith.stage;

import ai.djl.ndarray.NDManager;
import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.quant.Packer;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames;
import java.util.List;
import java.util.Map;

/**
 * Makes the full-precision hidden states that enter a segment, for one part of the windows: embeddings for the first
 * segment, and for a later one the states of that part that entered the segment before it, moved through that segment's
 * full-precision blocks.
 */
final class CaptureStage {
    private final RunContext run;
    private final CaptureParts parts;

    CaptureStage(RunContext run) {
        this(run, CaptureParts.of(run.recipe(), run.plan()));
    }

    CaptureStage(RunContext run, CaptureParts parts) {
        this.run = run;
        this.parts = parts;
    }

    AttemptResult run(Ticket ticket, Capture capture, AttemptProgress progress) {
        if (parts.size(capture.part()) == 0) {
            return new AttemptResult(List.of(), Map.of());
        }
        Range range = run.plan().segments().ranges().get(capture.segment());
        try (CheckpointWeights model = run.openModel();
                NDManager manager = run.manager().newSubManager();
                Packer packer = new Packer(run.recipe().quantization(), manager)) {
            Chain chain =
                    Chain.capture(run, parts, capture.part(), model.config().hidden());
            RotaryTable rotary = RotaryTable.of(model.config(), chain.layout().sequenceLength(), manager);
            try (ScriptedBlock decoder = ScriptedBlock.compile(model.config(), rotary, run.bfloat16(), manager)) {
                HiddenStates states = new HiddenStates(
                        run, run.state(), chain, model, decoder, packer, run.scratch(ticket), manager, progress);
                // This stage has not committed, so what enters the segment is made from what was captured before.
                if (!(states.full(range.first()) instanceof FolderBoundary entering)) {
                    throw BlocksmithException.defect("%s is captured already", capture.key());
                }
                progress.begin("seal");
                List<ObjectRef> objects =
                        new StoredBoundaries(run).seal(entering, ticket, range.first(), RunNames.Stream.FULL, progress);
                return new AttemptResult(objects, Map.of());
            }
        }
    }
}
