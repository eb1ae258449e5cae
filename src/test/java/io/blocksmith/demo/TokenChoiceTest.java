package io.blocksmith.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.BlocksmithException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TokenChoiceTest {
    private static final int DRAWS = 20_000;

    /** Probabilities 0.5, 0.25, 0.125, 0.125 at temperature 1, behind a logit that does not belong to them. */
    private static final float[] LOGITS = {
        99, (float) Math.log(8), (float) Math.log(4), (float) Math.log(2), (float) Math.log(2)
    };

    @Test
    void temperatureOneDrawsByTheModelsProbabilities() {
        double[] shares = shares(new TokenChoice(1, 0, 1));

        assertThat(shares).containsExactly(new double[] {0.5, 0.25, 0.125, 0.125}, within(0.02));
    }

    @Test
    void aLowTemperatureDrawsTheMostLikely() {
        assertThat(shares(new TokenChoice(0.05, 0, 1))).containsExactly(new double[] {1, 0, 0, 0}, within(0.001));
    }

    @Test
    void topKDrawsOnlyTheKMostLikely() {
        assertThat(shares(new TokenChoice(1, 2, 1)))
                .containsExactly(new double[] {2.0 / 3, 1.0 / 3, 0, 0}, within(0.02));
    }

    @Test
    void topPDrawsOnlyTheFewestThatReachP() {
        assertThat(shares(new TokenChoice(1, 0, 0.6)))
                .containsExactly(new double[] {2.0 / 3, 1.0 / 3, 0, 0}, within(0.02));
    }

    @Test
    void aTemperatureOfZeroIsRefused() {
        assertThatThrownBy(() -> new TokenChoice(0, 0, 1)).isInstanceOf(BlocksmithException.class);
    }

    private static double[] shares(TokenChoice choice) {
        SplittableRandom random = new SplittableRandom(1);
        double[] shares = new double[4];
        for (int i = 0; i < DRAWS; i++) {
            shares[choice.draw(LOGITS, 1, 4, random)] += 1.0 / DRAWS;
        }
        return shares;
    }
}
