package io.blocksmith.stage;

import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.Windows;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.spec.Calibration;
import io.blocksmith.stage.StoredBoundaries.Sealed;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * How hidden states of certain windows come about, block by block from the embeddings on, and which stages seal them on
 * the way. Every boundary of it can be made from any boundary before it.
 *
 * @param phase what making a boundary is called in progress
 * @param layout of its samples
 * @param windows its samples, out of all calibration windows
 * @param first the block at which the quantized stream is still the full-precision one
 * @param full who seals the full-precision stream before a block; nobody, if the list is empty
 * @param quantized who seals the quantized stream before a block behind the first
 * @param trained the stage whose block the quantized stream goes through
 */
record Chain(
        String phase,
        ActivationLayout layout,
        Function<Windows.Split, List<Windows>> windows,
        int first,
        IntFunction<List<Sealed>> full,
        IntFunction<List<Sealed>> quantized,
        IntFunction<Stage> trained) {

    /** One part of the windows on its way to the first block of a segment. */
    static Chain capture(RunContext run, CaptureParts parts, int part, int hidden) {
        ActivationLayout layout = parts.layout(part, all(run, hidden));
        return new Chain(
                "capture",
                layout,
                split -> parts.windows(part, split),
                0,
                block -> run.plan().segments().ranges().stream()
                        .filter(range -> range.first() == block)
                        .map(range -> new Sealed(new Capture(range.segment(), part), layout))
                        .toList(),
                _ -> List.of(),
                TrainBlock::new);
    }

    /** All windows on their way through the segment of {@code block}. */
    static Chain segment(RunContext run, CaptureParts parts, int block, int hidden) {
        ActivationLayout layout = all(run, hidden);
        return new Chain(
                "rebuild",
                layout,
                split -> List.of(split.train(), split.validation()),
                run.plan().segments().of(block).first(),
                before -> {
                    Range range = run.plan().segments().of(before);
                    return before == range.first()
                            ? parts.filled()
                                    .mapToObj(part ->
                                            new Sealed(new Capture(range.segment(), part), parts.layout(part, layout)))
                                    .toList()
                            : List.of(new Sealed(new TrainBlock(before - 1), layout));
                },
                before -> List.of(new Sealed(new TrainBlock(before - 1), layout)),
                TrainBlock::new);
    }

    /** The repair pass: a part of the windows, through repaired blocks from the embeddings on. */
    static Chain repair(RunContext run, int hidden) {
        Calibration calibration = run.recipe().calibration();
        int trained = run.recipe().blockAp().repair().samples();
        ActivationLayout layout = new ActivationLayout(
                calibration.activations(),
                trained + calibration.validationSamples(),
                calibration.sequenceLength(),
                hidden);
        IntFunction<List<Sealed>> sealed =
                before -> before == 0 ? List.of() : List.of(new Sealed(new RepairBlock(before - 1), layout));
        return new Chain(
                "rebuild",
                layout,
                split -> List.of(split.train().first(trained), split.validation()),
                0,
                sealed,
                sealed,
                RepairBlock::new);
    }

    /** Hidden states of all calibration windows: trained ones first, then the validation windows. */
    static ActivationLayout all(RunContext run, int hidden) {
        Calibration calibration = run.recipe().calibration();
        int samples = calibration.trainSamples() + calibration.validationSamples();
        return new ActivationLayout(calibration.activations(), samples, calibration.sequenceLength(), hidden);
    }
}
