package io.blocksmith.status;

import io.blocksmith.cluster.LiveRun;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import io.blocksmith.stage.Figures;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The row of blocks: what has become of each, and its loss against the round-to-nearest state that it began from. Losses of
 * a repair are apart: its inputs carry the errors of all blocks before, so they compare with each other only.
 */
final class BlockJson {
    private final RunSight sight;
    private final Plan plan;

    private BlockJson(RunSight sight, Plan plan) {
        this.sight = sight;
        this.plan = plan;
    }

    /** Empty while nobody knows how many blocks there are. */
    static List<Map<String, Object>> of(RunSight sight) {
        return sight.plan().map(plan -> new BlockJson(sight, plan).rows()).orElse(List.of());
    }

    private List<Map<String, Object>> rows() {
        return IntStream.range(0, sight.state().blocks()).mapToObj(this::row).toList();
    }

    private Map<String, Object> row(int block) {
        Stage training = new Stage.TrainBlock(block);
        Stage repair = new Stage.RepairBlock(block);
        StageState trained = sight.state().stage(training);
        StageState repaired = sight.state().stage(repair);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("block", block);
        row.put("segment", plan.segments().of(block).segment());
        row.put("state", state(training));
        row.put("repair", plan.repaired() ? state(repair) : null);
        row.put("start-loss", startLoss(training, trained));
        row.put("final-loss", figure(trained, Figures.FINAL_LOSS));
        row.put("repair-start-loss", startLoss(repair, repaired));
        row.put("repair-final-loss", figure(repaired, Figures.FINAL_LOSS));
        row.put("seconds", figure(trained, Figures.SECONDS));
        row.put("attempts", trained.attempts());
        row.put("worker", worker(trained));
        return row;
    }

    private String state(Stage stage) {
        return switch (sight.state().stage(stage)) {
            case Running _ -> "running";
            case Committed _ -> "done";
            case Waiting _ -> hasStoppedTheRun(stage) ? "failed" : "waiting";
        };
    }

    private boolean hasStoppedTheRun(Stage stage) {
        return sight.state().phase() == Phase.STOPPED
                && sight.failure()
                        .map(FailureReport::stage)
                        .filter(stage.key()::equals)
                        .isPresent();
    }

    /** Of an attempt under way, what it measured before its first step. */
    private Double startLoss(Stage stage, StageState state) {
        return state instanceof Running
                ? sight.attempts().stream()
                        .map(LiveRun.Attempt::progress)
                        .filter(progress -> progress.ticket().stage().equals(stage))
                        .findFirst()
                        .map(progress -> StatusJson.number(progress.reference()))
                        .orElse(null)
                : figure(state, Figures.START_LOSS);
    }

    private static Double figure(StageState stage, String name) {
        return stage instanceof Committed committed
                ? StatusJson.number(committed.result().figures().getOrDefault(name, Double.NaN))
                : null;
    }

    private static String worker(StageState stage) {
        return switch (stage) {
            case Running running -> running.worker();
            case Committed committed -> committed.worker();
            case Waiting _ -> null;
        };
    }
}
