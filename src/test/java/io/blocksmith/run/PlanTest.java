package io.blocksmith.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void fiveBlocksInTwoSegmentsAreThreeAndTwo() {
        assertThat(Segments.even(5, 2).ranges()).containsExactly(new Range(0, 0, 3), new Range(1, 3, 5));
    }

    @Test
    void moreSegmentsThanBlocksAreRefusedByKey() {
        assertThatThrownBy(() -> Segments.even(5, 6))
                .hasMessage("block-ap.segments = 6: the model has 5 blocks; choose 1 to 5");
    }

    @Test
    void oneSegmentIsTheChainOfThePaper() {
        Plan plan = Plans.of(3, 1, 0);
        assertThat(plan.stages().stream().map(Stage::key))
                .containsExactly(
                        "capture-000-part-0",
                        "block-000",
                        "block-001",
                        "block-002",
                        "end-to-end",
                        "export-gptq",
                        "export-dequantized",
                        "evaluate-end-to-end",
                        "evaluate-block-ap",
                        "evaluate-full-precision",
                        "evaluate-round-to-nearest",
                        "report");
        assertThat(plan.prerequisites(new TrainBlock(2))).containsExactly(new TrainBlock(1));
    }

    @Test
    void eachSegmentStartsFromAllPartsOfItsCapture() {
        Plan plan = Plans.of(5, 2, 0);
        assertThat(plan.prerequisites(new TrainBlock(0))).containsExactly(new Capture(0, 0), new Capture(0, 1));
        assertThat(plan.prerequisites(new TrainBlock(3))).containsExactly(new Capture(1, 0), new Capture(1, 1));
    }

    @Test
    void aPartOfACaptureWaitsForThatPartBeforeItOnly() {
        Plan plan = Plans.of(5, 2, 0);
        assertThat(plan.captureParts()).isEqualTo(2);
        assertThat(plan.prerequisites(new Capture(0, 1))).isEmpty();
        assertThat(plan.prerequisites(new Capture(1, 1))).containsExactly(new Capture(0, 1));
    }

    @Test
    void theBlockWithTheLongestChainBehindItIsPreferred() {
        Plan plan = Plans.of(5, 2, 0);
        assertThat(plan.stages().stream().filter(TrainBlock.class::isInstance))
                .containsExactly(
                        new TrainBlock(0), new TrainBlock(1), new TrainBlock(3), new TrainBlock(2), new TrainBlock(4));
    }

    @Test
    void repairWaitsForAllTrainingAndThenWalksInOrder() {
        Plan plan = Plans.of(4, 2, 16);
        assertThat(plan.prerequisites(new RepairBlock(1)))
                .containsExactlyInAnyOrder(
                        new TrainBlock(0), new TrainBlock(1), new TrainBlock(2), new TrainBlock(3), new RepairBlock(0));
        assertThat(plan.prerequisites(new EndToEnd()))
                .contains(new RepairBlock(3))
                .doesNotContain(new TrainBlock(3));
        assertThat(plan.prerequisites(new Evaluate(Subject.BLOCK_AP))).contains(new RepairBlock(0));
    }

    @Test
    void oneSegmentIsNeverRepaired() {
        assertThat(Plans.of(4, 1, 16).stages()).doesNotContain(new RepairBlock(0));
    }

    @Test
    void theReportWaitsForEverythingElse() {
        Plan plan = Plans.of(4, 2, 16);
        Set<Stage> others = new HashSet<>(plan.stages());
        others.remove(new Report());
        assertThat(plan.prerequisites(new Report())).isEqualTo(others);
    }

    @Test
    void everyStageStandsAfterItsPrerequisites() {
        Plan plan = Plans.of(13, 4, 16);
        Set<Stage> seen = new HashSet<>();
        for (Stage stage : plan.stages()) {
            assertThat(seen).containsAll(plan.prerequisites(stage));
            seen.add(stage);
        }
    }
}
