package io.blocksmith.cli;

import io.blocksmith.config.SettingsLoader;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.stage.RunInputs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A run as {@code quantize} makes it, in this process, that a test watches from the device thread. */
final class WatchedRun {
    private WatchedRun() {}

    /**
     * Runs a tiny model in two segments, saving as often as it can.
     *
     * @param more assignments over these
     * @param watcher told of all progress, on the device thread, which waits for it
     */
    static RunState run(TinyRun tiny, Path out, List<String> more, Consumer<Progress> watcher) {
        List<String> assignments = new ArrayList<>();
        List<String> line = tiny.quantize(out);
        for (int i = 0; i + 1 < line.size(); i++) {
            if (line.get(i).equals("--set")) {
                assignments.add(line.get(i + 1));
            }
        }
        assignments.addAll(List.of(
                "block-ap.segments=2",
                // Steps enough for two saves in the background.
                "end-to-end.samples=96",
                "end-to-end.batch-size=4",
                "end-to-end.gradient-shards=2",
                "checkpoint.interval=1ms"));
        assignments.addAll(more);
        return new EmbeddedQuantization(
                        new RunInputs(
                                tiny.model().toString(), tiny.calibration().toString(), ""),
                        SettingsLoader.load(Optional.empty(), assignments, Map.of()),
                        out,
                        false,
                        stages -> watched(stages, watcher))
                .run();
    }

    private static StageRunner watched(StageRunner stages, Consumer<Progress> watcher) {
        return new StageRunner() {
            @Override
            public StageResult run(Assignment assignment, Monitor monitor) {
                return stages.run(assignment, new Monitor() {
                    @Override
                    public void progressed(Progress progress) {
                        monitor.progressed(progress);
                        watcher.accept(progress);
                    }

                    @Override
                    public boolean cancelled() {
                        return monitor.cancelled();
                    }
                });
            }

            @Override
            public void assist(Assignment assignment, String worker, Monitor monitor) {
                stages.assist(assignment, worker, monitor);
            }
        };
    }
}
