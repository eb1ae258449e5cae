package io.blocksmith.cli;

import io.blocksmith.chaos.Waits;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * One undisturbed run in this process, and copies of its folder as a process would leave it that is killed at chosen
 * places: the device thread copies while it is in the middle of a stage.
 */
final class RunSnapshots {
    /** In the first block, with two checkpoints; all captures are there. */
    static final String FIRST_BLOCK = "first-block";
    /** In the last block, with two checkpoints. */
    static final String LAST_BLOCK = "last-block";
    /** In E2E-QP, with two checkpoints. */
    static final String END_TO_END = "end-to-end";
    /** E2E-QP has committed, and the export begins. */
    static final String EXPORT = "export";
    /** Everything is exported, and the report begins. */
    static final String REPORT = "report";

    private static final String MANIFEST = "checkpoint.json";

    private final Path folder;

    private RunSnapshots(Path folder) {
        this.folder = folder;
    }

    /** Runs four blocks in two segments; the run's folder is {@code undisturbed}. */
    static RunSnapshots in(Path folder) {
        TinyRun tiny = TinyRun.in(folder, TinyModel.everyOption(4), TensorType.F32);
        RunSnapshots snapshots = new RunSnapshots(folder);
        WatchedRun.run(tiny, snapshots.undisturbed(), List.of(), snapshots::look);
        return snapshots;
    }

    Path undisturbed() {
        return folder.resolve("undisturbed");
    }

    /** A copy of a snapshot that may be changed. */
    Path copy(String snapshot, String name) {
        Path copy = folder.resolve(name);
        copyTree(folder.resolve(snapshot), copy);
        return copy;
    }

    /** Goes on with a run as a user does. */
    static CommandLineRun goOn(Path run) {
        return CommandLineRun.of(
                "quantize", "--out", run.toString(), "--set", "compute.device=cpu", "--set", "compute.threads=2");
    }

    private void look(Progress progress) {
        switch (progress.ticket().stage()) {
            case Stage.TrainBlock(int block) when block == 0 -> inTraining(FIRST_BLOCK, progress, "blocks/000");
            case Stage.TrainBlock(int block) when block == 3 -> inTraining(LAST_BLOCK, progress, "blocks/003");
            case Stage.EndToEnd() -> inTraining(END_TO_END, progress, "end-to-end");
            case Stage.Export _ when progress.phase().equals("write") -> take(EXPORT);
            case Stage.Report() when progress.phase().equals("report") -> take(REPORT);
            default -> {}
        }
    }

    private void inTraining(String snapshot, Progress progress, String prefix) {
        boolean trains = progress.phase().equals("train") && progress.step() > 0;
        if (!trains || Files.exists(folder.resolve(snapshot))) {
            return;
        }
        // The training waits here for the save that its step before has begun, however long the disk takes.
        Path checkpoints = undisturbed().resolve(prefix);
        Waits.until("saves at rest in " + checkpoints, () -> isAtRest(checkpoints));
        if (count(checkpoints, MANIFEST) == 2) {
            take(snapshot);
        }
    }

    private boolean isAtRest(Path checkpoints) {
        long saved = count(checkpoints, MANIFEST);
        return saved <= 2
                && count(checkpoints, "state.safetensors") == saved
                && count(undisturbed().resolve(".tmp"), "") == 0;
    }

    private void take(String snapshot) {
        if (!Files.exists(folder.resolve(snapshot))) {
            copyTree(undisturbed(), folder.resolve(snapshot));
        }
    }

    private static long count(Path folder, String name) {
        return files(folder).stream()
                .filter(file -> file.getFileName().toString().endsWith(name))
                .count();
    }

    /** All files below a folder, sorted. */
    static List<Path> files(Path folder) {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException | UncheckedIOException vanished) {
            return List.of();
        }
    }

    private static void copyTree(Path from, Path to) {
        try {
            for (Path file : files(from)) {
                Path target = to.resolve(from.relativize(file));
                Files.createDirectories(target.getParent());
                Files.copy(file, target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
