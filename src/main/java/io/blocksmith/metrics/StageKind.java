package io.blocksmith.metrics;

import io.blocksmith.run.Stage;

/** What the label {@code stage} says. */
public final class StageKind {
    private StageKind() {}

    /** The kind of a stage, without block, segment or format, so that there are seven. */
    public static String of(Stage stage) {
        return switch (stage) {
            case Stage.Capture _ -> "capture";
            case Stage.TrainBlock _ -> "train-block";
            case Stage.RepairBlock _ -> "repair-block";
            case Stage.EndToEnd _ -> "end-to-end";
            case Stage.Export _ -> "export";
            case Stage.Evaluate _ -> "evaluate";
            case Stage.Report _ -> "report";
        };
    }

    /** Whether attempts at it take training steps. */
    static boolean trains(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock _, Stage.RepairBlock _, Stage.EndToEnd _ -> true;
            case Stage.Capture _, Stage.Export _, Stage.Evaluate _, Stage.Report _ -> false;
        };
    }
}
