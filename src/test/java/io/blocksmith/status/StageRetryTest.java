package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Histories;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Only what the run's own plan holds can be tried afresh. */
class StageRetryTest {
    private static final int BLOCKS = 4;

    private final RunState state = Histories.started(BLOCKS);

    @Test
    void repairsAreStagesOnlyWhereTheRecipeAsksForThem() {
        Plan repaired = Plan.of(Plans.recipe(2, 2, 8), BLOCKS);
        Plan plain = Plan.of(Plans.recipe(2, 2, 0), BLOCKS);

        assertThat(judged(repaired, "repair-003")).isEqualTo(new StageRetry.Allowed(new Stage.RepairBlock(3)));
        assertThat(judged(plain, "repair-003"))
                .isInstanceOfSatisfying(
                        StageRetry.Unknown.class,
                        unknown -> assertThat(unknown.expected())
                                .contains("capture-000-part-0", "block-000", "end-to-end", "report")
                                .doesNotContain("repair"));
    }

    @Test
    void aBlockIsNamedByItsNumberOrItsKey() {
        Plan plan = Plan.of(Plans.recipe(2, 2, 0), BLOCKS);
        StageRetry allowed = new StageRetry.Allowed(new Stage.TrainBlock(3));

        assertThat(judged(plan, "3")).isEqualTo(allowed);
        assertThat(judged(plan, "block-003")).isEqualTo(allowed);
        assertThat(judged(plan, "4")).isInstanceOf(StageRetry.Unknown.class);
    }

    @Test
    void aRunThatWasNeverStartedHasNoStages() {
        assertThat(StageRetry.of(Optional.empty(), RunState.empty(), "report", false))
                .isInstanceOfSatisfying(
                        StageRetry.Unknown.class,
                        unknown -> assertThat(unknown.expected()).contains("never started"));
    }

    private StageRetry judged(Plan plan, String wanted) {
        return StageRetry.of(Optional.of(plan), state, wanted, false);
    }
}
