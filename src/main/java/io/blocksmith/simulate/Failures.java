package io.blocksmith.simulate;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** When nodes fail. */
public interface Failures {

    /** Seconds that node {@code index}, which has just come up, stays up; infinite for ever. Asked once each time. */
    double node(int index);

    /** Seconds that the supervisor's node, which has just taken over, stays up. */
    double coordinator();

    /** Nothing fails. */
    static Failures none() {
        return exponential(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0);
    }

    /**
     * Exponential times with these means, infinite for never. A node's times follow from the seed and its index alone, so
     * other settings of a cluster meet the same failures.
     */
    static Failures exponential(double nodeMean, double coordinatorMean, long seed) {
        SplittableRandom coordinators = new SplittableRandom(seed * 1_000_003 - 1);
        Map<Integer, SplittableRandom> nodes = new HashMap<>();
        return new Failures() {
            @Override
            public double node(int index) {
                return draw(
                        nodes.computeIfAbsent(index, _ -> new SplittableRandom(seed * 1_000_003 + index)), nodeMean);
            }

            @Override
            public double coordinator() {
                return draw(coordinators, coordinatorMean);
            }
        };
    }

    private static double draw(SplittableRandom random, double mean) {
        return -mean * Math.log1p(-random.nextDouble());
    }
}
