package io.blocksmith.demo;

import io.blocksmith.failure.BlocksmithException;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * How the next token is drawn from logits.
 *
 * @param temperature divides the logits; 1 draws from the model's own distribution
 * @param topK only the k most likely tokens are drawn; 0 = all
 * @param topP only the most likely tokens that together reach this probability are drawn; 1 = all
 */
public record TokenChoice(double temperature, int topK, double topP) {
    public TokenChoice {
        if (temperature <= 0 || topK < 0 || topP <= 0 || topP > 1) {
            throw BlocksmithException.user(
                    "temperature %s, top-k %d, top-p %s: expected a temperature above 0, k at least 0, 0 < p <= 1",
                    temperature, topK, topP);
        }
    }

    /** Draws from {@code count} logits that begin at {@code first}; the result is counted from there. */
    int draw(float[] logits, int first, int count, RandomGenerator random) {
        double[] weights = new double[count];
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            highest = Math.max(highest, logits[first + i]);
        }
        double total = 0;
        for (int i = 0; i < count; i++) {
            weights[i] = Math.exp((logits[first + i] - highest) / temperature);
            total += weights[i];
        }
        if (topK > 0 || topP < 1) {
            total = dropUnlikely(weights, total);
        }
        double left = random.nextDouble() * total;
        int last = 0;
        for (int i = 0; i < count; i++) {
            if (weights[i] > 0) {
                last = i;
                left -= weights[i];
                if (left < 0) {
                    return i;
                }
            }
        }
        return last;
    }

    private double dropUnlikely(double[] weights, double total) {
        List<Integer> order = IntStream.range(0, weights.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -weights[i]))
                .toList();
        int allowed = topK > 0 ? Math.min(topK, weights.length) : weights.length;
        double kept = 0;
        for (int rank = 0; rank < order.size(); rank++) {
            int token = order.get(rank);
            if (rank >= allowed || kept >= topP * total) {
                weights[token] = 0;
            } else {
                kept += weights[token];
            }
        }
        return kept;
    }
}
