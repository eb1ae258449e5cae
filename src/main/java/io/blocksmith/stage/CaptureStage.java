package io.blocksmith.stage;

import ai.djl.ndarray.NDManager;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.Windows;
import io.blocksmith.failure.BlocksmithException;
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

    /**
     * The boundary that the captures of a segment left, all parts one after the other.
     *
     * @param all layout of all windows together
     */
    Boundary captured(RunState state, Range range, ActivationLayout all) {
        List<StoredBoundaries.Sealed> sealed = parts.filled()
                .mapToObj(part ->
                        new StoredBoundaries.Sealed(new Capture(range.segment(), part), parts.layout(part, all)))
                .toList();
        return new StoredBoundaries(run).read(state, sealed, range.first(), RunNames.Stream.FULL);
    }

    AttemptResult run(Ticket ticket, Capture capture, AttemptProgress progress) {
        if (parts.size(capture.part()) == 0) {
            return new AttemptResult(List.of(), Map.of());
        }
        Range range = run.plan().segments().ranges().get(capture.segment());
        Path scratch = run.scratch(ticket);
        try (CheckpointWeights weights = run.openModel();
                NDManager manager = run.manager().newSubManager()) {
            ActivationLayout layout = parts.layout(
                    capture.part(), BlockStage.layout(run, weights.config().hidden()));
            FolderBoundary entering = capture.segment() == 0
                    ? embed(capture.part(), weights, layout, scratch, progress, manager)
                    : throughSegmentBefore(capture, weights, layout, scratch, progress, manager);
            progress.begin("seal");
            List<ObjectRef> objects =
                    new StoredBoundaries(run).seal(entering, ticket, range.first(), RunNames.Stream.FULL);
            return new AttemptResult(objects, Map.of());
        }
    }

    private FolderBoundary embed(
            int part,
            CheckpointWeights weights,
            ActivationLayout layout,
            Path scratch,
            AttemptProgress progress,
            NDManager manager) {
        progress.begin("embed");
        try (TokenFile tokens = run.calibrationTokens()) {
            return Boundary.embed(
                    weights,
                    windows(part, run.calibration(tokens)),
                    scratch.resolve("embedded"),
                    layout,
                    run.recipe().blockAp().batchSize(),
                    manager,
                    (done, of) -> progress.passed(done, of, layout.sequenceLength()));
        }
    }

    /** The windows of {@code part}: some of the trained ones, some of the others, or both. */
    private List<Windows> windows(int part, Windows.Split split) {
        int trained = split.train().count();
        int first = parts.first(part);
        int end = parts.end(part);
        return List.of(
                split.train().range(Math.min(first, trained), Math.min(end, trained)),
                split.validation().range(Math.max(first, trained) - trained, Math.max(end, trained) - trained));
    }

    private FolderBoundary throughSegmentBefore(
            Capture capture,
            CheckpointWeights weights,
            ActivationLayout layout,
            Path scratch,
            AttemptProgress progress,
            NDManager manager) {
        RunState state = run.state();
        Range before = run.plan().segments().ranges().get(capture.segment() - 1);
        StoredBoundaries.Sealed sealed =
                new StoredBoundaries.Sealed(new Capture(before.segment(), capture.part()), layout);
        Boundary now = new StoredBoundaries(run).read(state, List.of(sealed), before.first(), RunNames.Stream.FULL);
        RotaryTable rotary = RotaryTable.of(weights.config(), layout.sequenceLength(), manager);
        try (ScriptedBlock decoder = ScriptedBlock.compile(weights.config(), rotary, run.bfloat16(), manager)) {
            for (int block = before.first(); block < before.end(); block++) {
                progress.begin("capture block " + block);
                try (NDManager blockManager = manager.newSubManager()) {
                    FolderBoundary next = now.through(
                            decoder,
                            weights.block(block, blockManager),
                            scratch.resolve("after-" + block),
                            run.recipe().blockAp().batchSize(),
                            manager,
                            (done, of) -> progress.passed(done, of, layout.sequenceLength()));
                    if (now instanceof FolderBoundary passed) {
                        passed.delete();
                    }
                    now = next;
                }
            }
        }
        if (now instanceof FolderBoundary written) {
            return written;
        }
        throw BlocksmithException.defect("segment %d has no block", before.segment());
    }
}
