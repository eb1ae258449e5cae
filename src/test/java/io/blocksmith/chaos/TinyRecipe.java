package io.blocksmith.chaos;

import io.blocksmith.cli.Main;
import io.blocksmith.cli.TinyRun;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A run of seconds, over and over under different names, and what it exports when nothing disturbs it. */
public final class TinyRecipe {
    private final Path folder;
    private final TinyRun files;
    private final List<String> assignments;

    private TinyRecipe(Path folder, TinyRun files, List<String> assignments) {
        this.folder = folder;
        this.files = files;
        this.assignments = assignments;
    }

    /**
     * Writes the model and the text.
     *
     * @param blocks of the model
     * @param segments trained side by side
     * @param more assignments of keys of the recipe
     */
    public static TinyRecipe in(Path folder, int blocks, int segments, String... more) {
        List<String> assignments = new ArrayList<>(TinyRun.RECIPE);
        assignments.addAll(List.of(
                "block-ap.segments=" + segments,
                "end-to-end.batch-size=4",
                "end-to-end.gradient-shards=2",
                "evaluation.context=16",
                "evaluation.windows=4"));
        assignments.addAll(List.of(more));
        return new TinyRecipe(folder, TinyRun.in(folder, TinyModel.config(blocks), TensorType.F32), assignments);
    }

    /** A recipe file for a run of this name. */
    public Path named(String run) {
        List<String> lines = new ArrayList<>(assignments);
        lines.add("run { name = \"%s\", model = \"%s\", calibration = \"%s\" }"
                .formatted(run, files.model(), files.calibration()));
        try {
            return Files.write(folder.resolve(run + ".conf"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Digests of all exported files of an undisturbed run in one JVM of its own, with one thread. */
    public SortedMap<String, String> undisturbed() throws IOException, InterruptedException {
        Path out = folder.resolve("undisturbed");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "quantize",
                "--model",
                files.model().toString(),
                "--calibration",
                files.calibration().toString(),
                "--out",
                out.toString()));
        for (String assignment : assignments) {
            command.addAll(List.of("--set", assignment));
        }
        command.addAll(List.of("--set", "compute.device=cpu", "--set", "compute.threads=1"));
        Path log = folder.resolve("undisturbed.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new AssertionError(Files.readString(log));
        }
        return exports(out);
    }

    /** SHA-256 of each file below a run's {@code export}, by its path there. */
    public static SortedMap<String, String> exports(Path run) {
        SortedMap<String, String> digests = new TreeMap<>();
        Path export = run.resolve("export");
        try (Stream<Path> files = Files.walk(export)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                digests.put(export.relativize(file).toString(), Sha256.of(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return digests;
    }
}
