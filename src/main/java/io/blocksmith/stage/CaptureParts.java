package io.blocksmith.stage;

import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.Windows;
import io.blocksmith.run.Plan;
import io.blocksmith.spec.Recipe;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The cut of the calibration windows, trained ones first, into the parts that are captured one by one. It is made between
 * batches, so that every batch holds the same samples whatever the number of parts: the last bits of a product depend on
 * how many rows it has. With fewer batches than parts, some parts are empty.
 *
 * @param samples windows in all
 * @param batch windows that pass a block together
 * @param parts at least 1
 */
record CaptureParts(int samples, int batch, int parts) {

    static CaptureParts of(Recipe recipe, Plan plan) {
        return new CaptureParts(
                recipe.calibration().trainSamples() + recipe.calibration().validationSamples(),
                recipe.blockAp().batchSize(),
                plan.captureParts());
    }

    /** The first window of {@code part}. */
    int first(int part) {
        long batches = Math.ceilDiv(samples, batch);
        return (int) Math.min(samples, batches * part / parts * batch);
    }

    /** The window after the last of {@code part}. */
    int end(int part) {
        return first(part + 1);
    }

    /** Windows in {@code part}. */
    int size(int part) {
        return end(part) - first(part);
    }

    /** The parts that hold a window, in order. */
    IntStream filled() {
        return IntStream.range(0, parts).filter(part -> size(part) > 0);
    }

    /** The windows of {@code part}: some of the trained ones, some of the others, or both. */
    List<Windows> windows(int part, Windows.Split split) {
        int trained = split.train().count();
        int first = first(part);
        int end = end(part);
        return List.of(
                split.train().range(Math.min(first, trained), Math.min(end, trained)),
                split.validation().range(Math.max(first, trained) - trained, Math.max(end, trained) - trained));
    }

    /** The layout of a part out of that of all windows. */
    ActivationLayout layout(int part, ActivationLayout all) {
        return new ActivationLayout(
                all.numbers(), size(part), all.sequenceLength(), all.hiddenSize(), all.shardBytes());
    }
}
