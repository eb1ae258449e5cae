package io.blocksmith.demo;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * The bundled model and texts, unpacked.
 *
 * @param model a Hugging Face model folder
 * @param calibration a {@code .jsonl} of stories drawn from the model
 * @param evaluation others
 */
public record DemoFiles(Path model, Path calibration, Path evaluation) {
    /** Folder and files below this class on the class path, and below the folder of {@code make-demo-model --out}. */
    public static final String MODEL = "model";

    public static final String CALIBRATION = "calibration.jsonl";
    public static final String EVALUATION = "evaluation.jsonl";

    private static final List<String> MODEL_FILES = List.of(
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "README.md",
            "tokenizer.json",
            "tokenizer_config.json");

    /** Copies what is bundled into {@code folder}, which is made when it is not there; files are replaced. */
    public static DemoFiles unpack(Path folder) {
        DemoFiles files =
                new DemoFiles(folder.resolve("demo-llama"), folder.resolve(CALIBRATION), folder.resolve(EVALUATION));
        try {
            Files.createDirectories(files.model());
            for (String name : MODEL_FILES) {
                copy(MODEL + "/" + name, files.model().resolve(name));
            }
            copy(CALIBRATION, files.calibration());
            copy(EVALUATION, files.evaluation());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: the demo cannot be unpacked: %s", folder, Reason.of(e));
        }
        return files;
    }

    private static void copy(String resource, Path target) throws IOException {
        try (InputStream content = DemoFiles.class.getResourceAsStream(resource)) {
            if (content == null) {
                throw BlocksmithException.defect("demo: %s is not in this build", resource);
            }
            Files.copy(content, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
