package io.blocksmith.cli;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** A model, a text of token ids and a command line that quantizes in seconds. */
public record TinyRun(Path model, Path calibration) {
    /** Windows of 16 tokens, 24 trained, 8 validated. */
    public static final List<String> RECIPE = List.of(
            "quantization.bits=2",
            "quantization.group-size=32",
            "calibration.sequence-length=16",
            "calibration.train-samples=24",
            "calibration.validation-samples=8",
            "block-ap.learning-rates.weights=1e-3",
            "block-ap.learning-rates.step-sizes=1e-3",
            "block-ap.learning-rates.zero-points=1e-3",
            "end-to-end.samples=24",
            "end-to-end.validation-samples=8",
            "end-to-end.sequence-length=16",
            "end-to-end.batch-size=8",
            "end-to-end.learning-rates.step-sizes=1e-3");

    public static TinyRun in(Path folder, LlamaConfig config, TensorType type) {
        Path model = TinyModel.write(folder.resolve("model"), config, type, 11);
        Path calibration = folder.resolve("text.ids");
        Random random = new Random(5);
        String ids = random.ints(4000, 0, config.vocabulary())
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(" "));
        try {
            Files.writeString(calibration, ids);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new TinyRun(model, calibration);
    }

    /** A command line for {@link #RECIPE} on two threads: three or more blocks in seconds. */
    public List<String> quantize(Path out, String... more) {
        List<String> line = new ArrayList<>(List.of(
                "quantize",
                "--model",
                model.toString(),
                "--calibration",
                calibration.toString(),
                "--out",
                out.toString()));
        RECIPE.forEach(assignment -> line.addAll(List.of("--set", assignment)));
        line.addAll(List.of("--set", "compute.device=cpu", "--set", "compute.threads=2"));
        line.addAll(List.of(more));
        return line;
    }

    public CommandLineRun run(Path out, String... more) {
        return CommandLineRun.of(quantize(out, more).toArray(String[]::new));
    }
}
