package io.blocksmith.metrics;

import io.blocksmith.run.Measurement.Place;
import io.blocksmith.run.Measurement.Rates;
import io.prometheus.client.Gauge;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Where the attempts under way are. All that an attempt has here goes when it ends, so that nobody takes its last step for
 * the present. The first three labels of each are run, node and stage.
 */
final class AttemptGauges {
    private static final String WEIGHTS = "weights";
    private static final String STEP_SIZES = "step-sizes";
    private static final String ZERO_POINTS = "zero-points";

    private final Gauge block;
    private final Gauge epoch;
    private final Gauge epochs;
    private final Gauge step;
    private final Gauge steps;
    private final Gauge trainLoss;
    private final Gauge validationLoss;
    private final Gauge referenceLoss;
    private final Gauge gradientNorm;
    private final Gauge learningRate;
    private final Gauge peakRatio;

    AttemptGauges(Families families) {
        block = families.gauge(Metric.ATTEMPT_BLOCK);
        epoch = families.gauge(Metric.ATTEMPT_EPOCH);
        epochs = families.gauge(Metric.ATTEMPT_EPOCHS);
        step = families.gauge(Metric.ATTEMPT_STEP);
        steps = families.gauge(Metric.ATTEMPT_STEPS);
        trainLoss = families.gauge(Metric.TRAIN_LOSS);
        validationLoss = families.gauge(Metric.VALIDATION_LOSS);
        referenceLoss = families.gauge(Metric.REFERENCE_LOSS);
        gradientNorm = families.gauge(Metric.GRADIENT_NORM);
        learningRate = families.gauge(Metric.LEARNING_RATE);
        peakRatio = families.gauge(Metric.DEVICE_PEAK_RATIO);
    }

    /** A part of the attempt begins, about {@code now} or about no block, and has no step yet. */
    void begin(String[] attempt, OptionalInt now) {
        Stream.of(block, epoch, epochs, step, steps).forEach(gauge -> gauge.remove(attempt));
        now.ifPresent(index -> block.labels(attempt).set(index));
    }

    /** Samples that pass without training. */
    void passed(String[] attempt, long done, long of) {
        step.labels(attempt).set((double) done);
        steps.labels(attempt).set((double) of);
    }

    /** A training step; its gradient's norm is NaN when nobody looked. */
    void stepped(String[] attempt, Place place, double loss, double norm, Rates rates) {
        epoch.labels(attempt).set(place.epoch());
        epochs.labels(attempt).set(place.epochs());
        step.labels(attempt).set((double) place.step());
        steps.labels(attempt).set((double) place.steps());
        trainLoss.labels(attempt).set(loss);
        set(gradientNorm, norm, attempt);
        set(learningRate, rates.weights(), parameter(attempt, WEIGHTS));
        set(learningRate, rates.stepSizes(), parameter(attempt, STEP_SIZES));
        set(learningRate, rates.zeroPoints(), parameter(attempt, ZERO_POINTS));
    }

    void validated(String[] attempt, double loss) {
        set(validationLoss, loss, attempt);
    }

    void reference(String[] attempt, double loss) {
        set(referenceLoss, loss, attempt);
    }

    void peakRatio(String[] attempt, double ratio) {
        set(peakRatio, ratio, attempt);
    }

    /** The attempt is over. */
    void remove(String[] attempt) {
        Stream.of(block, epoch, epochs, step, steps, trainLoss, validationLoss, referenceLoss, gradientNorm, peakRatio)
                .forEach(gauge -> gauge.remove(attempt));
        for (String parameter : List.of(WEIGHTS, STEP_SIZES, ZERO_POINTS)) {
            learningRate.remove(parameter(attempt, parameter));
        }
    }

    /** What is not known has no sample rather than NaN, which alerts would not see. */
    private static void set(Gauge gauge, double value, String... labels) {
        if (!Double.isNaN(value)) {
            gauge.labels(labels).set(value);
        }
    }

    private static String[] parameter(String[] attempt, String name) {
        return new String[] {attempt[0], attempt[1], attempt[2], name};
    }
}
