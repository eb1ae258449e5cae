package io.blocksmith.run.simulation;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.util.Optional;
import java.util.Random;

/** Whether the store takes objects. */
final class StoreHealth {
    private final Random random;
    private Optional<Category> trouble = Optional.empty();
    private int lostAnswers;

    StoreHealth(Random random) {
        this.random = random;
    }

    void fails(Category category) {
        trouble = Optional.of(category);
    }

    /** The given share, in percent, of appends becomes durable although their writers hear of a failure. */
    void losesAnswers(int percent) {
        lostAnswers = percent;
    }

    void recovers() {
        trouble = Optional.empty();
        lostAnswers = 0;
    }

    boolean works() {
        return trouble.isEmpty();
    }

    boolean losesAnswer() {
        return lostAnswers > 0 && random.nextInt(100) < lostAnswers;
    }

    void check() {
        trouble.ifPresent(category -> {
            throw new BlocksmithException(category, "the store takes nothing", null);
        });
    }
}
