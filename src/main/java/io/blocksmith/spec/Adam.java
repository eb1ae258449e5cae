package io.blocksmith.spec;

/** Constants of AdamW. */
public record Adam(double beta1, double beta2, double epsilon, double weightDecay) {
    public Adam {
        Require.that(beta1 >= 0 && beta1 < 1, "adam.beta1", beta1, "0 <= beta1 < 1");
        Require.that(beta2 >= 0 && beta2 < 1, "adam.beta2", beta2, "0 <= beta2 < 1");
        Require.positive(epsilon, "adam.epsilon");
        Require.notNegative(weightDecay, "adam.weight-decay");
    }
}
