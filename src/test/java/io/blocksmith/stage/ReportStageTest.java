package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.report.ReportData;
import io.blocksmith.report.ReportJson;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportStageTest {
    @TempDir
    Path folder;

    @Test
    void aRepairedBlockKeepsTheLossesOfItsTraining() throws IOException {
        StagedRun run = StagedRun.in(folder, TinyModel.everyOption(2), StagedRecipes.repaired(2, 4, 11));
        for (Stage stage : run.context().plan().stages()) {
            if (stage instanceof Stage.Capture
                    || stage instanceof Stage.TrainBlock
                    || stage.equals(new Stage.RepairBlock(0))) {
                run.complete(stage);
            }
        }
        run.complete(new Stage.Report());

        ReportData report = ReportJson.read(
                RunNames.REPORT_JSON, Files.readString(folder.resolve("run").resolve(RunNames.REPORT_JSON)));
        ReportData.Block first = report.blocks().getFirst();
        assertThat(first.roundToNearestLoss()).isEqualTo(figure(run, new Stage.TrainBlock(0), Figures.START_LOSS));
        assertThat(first.validationLoss()).isEqualTo(figure(run, new Stage.TrainBlock(0), Figures.FINAL_LOSS));
        assertThat(first.trainLoss()).isEqualTo(figure(run, new Stage.TrainBlock(0), Figures.TRAIN_LOSS));
        assertThat(first.repair())
                .isEqualTo(new ReportData.Repair(
                        figure(run, new Stage.RepairBlock(0), Figures.START_LOSS),
                        figure(run, new Stage.RepairBlock(0), Figures.FINAL_LOSS)));
        assertThat(first.repair().validationLoss()).isNotEqualTo(first.validationLoss());
        assertThat(report.blocks().get(1).repair()).isNull();
    }

    private static double figure(StagedRun run, Stage stage, String name) {
        StageResult result = run.ledger().read().result(stage).orElseThrow();
        return result.figures().get(name);
    }
}
