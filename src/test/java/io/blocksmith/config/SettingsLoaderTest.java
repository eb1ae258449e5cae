package io.blocksmith.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.ConfigFactory;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Evaluation;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Quantization;
import io.blocksmith.spec.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsLoaderTest {
    @TempDir
    Path folder;

    @Test
    void defaultsAreThePapers() {
        Adam adam = new Adam(0.9, 0.999, 1e-8, 0);
        Recipe paper = new Recipe(
                new Quantization(2, 64, false),
                new Calibration(2048, 4096, 64, Calibration.Order.RANDOM, Calibration.Activations.FLOAT32),
                new BlockAp(
                        2,
                        2,
                        new BlockAp.LearningRates(2e-5, 1e-4, 1e-4),
                        0.05,
                        adam,
                        BlockAp.Trained.ALL,
                        true,
                        1,
                        new BlockAp.Repair(0, 0.5)),
                new EndToEnd(
                        4096,
                        64,
                        4096,
                        32,
                        1,
                        new EndToEnd.LearningRates(2e-5, 2e-5),
                        0.03,
                        0,
                        0.3,
                        adam,
                        8,
                        EndToEnd.Trained.STEP_SIZES,
                        true,
                        0),
                new Evaluation(2048, 0),
                List.of(ExportFormat.GPTQ, ExportFormat.DEQUANTIZED),
                Numerics.FLOAT32,
                0);

        Settings defaults = SettingsLoader.defaults();
        assertThat(defaults.recipe()).isEqualTo(paper);
        assertThat(defaults.compute()).isEqualTo(new Settings.Compute("auto", 0));
        assertThat(defaults.checkpoint()).isEqualTo(new Settings.Checkpoint(Duration.ofMinutes(2)));
        assertThat(defaults.patience().tries()).isEqualTo(3);
    }

    @Test
    void everyKeyOfAFileArrives() {
        Settings loaded = load("""
            quantization { bits = 3, group-size = -1, symmetric = true }
            calibration {
              sequence-length = 128, train-samples = 100, validation-samples = 7, order = file, activations = float16
            }
            block-ap {
              epochs = 3, batch-size = 4
              learning-rates { weights = 1e-3, step-sizes = 2e-3, zero-points = 3e-3 }
              final-learning-rate-factor = 0.1
              adam { beta1 = 0.8, beta2 = 0.95, epsilon = 1e-6, weight-decay = 0.01 }
              train = "step-sizes+zero-points", keep-best = false, segments = 5
              repair { samples = 50, learning-rate-factor = 0.3 }
            }
            end-to-end {
              samples = 10, validation-samples = 6, sequence-length = 256, batch-size = 5, epochs = 2
              learning-rates { step-sizes = 4e-3, zero-points = 5e-3 }
              warm-up = 0.2, final-learning-rate-factor = 0.3, gradient-clip = 1.5
              adam { beta1 = 0.7, beta2 = 0.9, epsilon = 1e-7, weight-decay = 0.02 }
              gradient-shards = 2, train = both, keep-best = false, validate-every = 9
            }
            evaluation { context = 99, windows = 11 }
            exports = [dequantized]
            numerics = bfloat16
            seed = 123456789012
            compute { device = gpu3, threads = 6 }
            checkpoint { interval = 5m }
            run { name = "r-1", model = m, calibration = c.jsonl, evaluation = e.txt }
            cluster {
              name = two, host = h1, port = 25520, plaintext = true, discovery = kubernetes, seeds = ["h1:25520", "h2:25520"]
              runs = "s3://b/p", worker = w1, look-every = 2s
            }
            patience {
              lease = 1s, tries = 2, lost-workers = 4, quarantine-faults = 6, quarantine-window = 8s, first-sign = 10s
              least-silence = 12s, silence-factor = 14, stuck-after = 16s
            }
            s3 { endpoint = "http://h:9000", region = r, path-style = true, cache = /c, cache-bytes = 7 }
            metrics { host = h2, port = 9464 }
            http { host = h3, port = 8080, token = t, peers = ["http://h4:8080"] }
            webhook { url = "http://h5/hook", token = u, events = [stopped] }
            akka.loglevel = DEBUG
            """);

        Recipe recipe = new Recipe(
                new Quantization(3, -1, true),
                new Calibration(128, 100, 7, Calibration.Order.FILE, Calibration.Activations.FLOAT16),
                new BlockAp(
                        3,
                        4,
                        new BlockAp.LearningRates(1e-3, 2e-3, 3e-3),
                        0.1,
                        new Adam(0.8, 0.95, 1e-6, 0.01),
                        BlockAp.Trained.STEP_SIZES_AND_ZERO_POINTS,
                        false,
                        5,
                        new BlockAp.Repair(50, 0.3)),
                new EndToEnd(
                        10,
                        6,
                        256,
                        5,
                        2,
                        new EndToEnd.LearningRates(4e-3, 5e-3),
                        0.2,
                        0.3,
                        1.5,
                        new Adam(0.7, 0.9, 1e-7, 0.02),
                        2,
                        EndToEnd.Trained.BOTH,
                        false,
                        9),
                new Evaluation(99, 11),
                List.of(ExportFormat.DEQUANTIZED),
                Numerics.BFLOAT16,
                123456789012L);
        assertThat(loaded)
                .isEqualTo(new Settings(
                        recipe,
                        new Settings.Compute("gpu3", 6),
                        new Settings.Checkpoint(Duration.ofMinutes(5)),
                        new Settings.Run("r-1", "m", "c.jsonl", "e.txt"),
                        new Settings.Cluster(
                                "two",
                                "h1",
                                25520,
                                true,
                                Settings.Cluster.Discovery.KUBERNETES,
                                List.of("h1:25520", "h2:25520"),
                                "s3://b/p",
                                "w1",
                                Duration.ofSeconds(2)),
                        new Settings.Patience(
                                Duration.ofSeconds(1),
                                2,
                                4,
                                6,
                                Duration.ofSeconds(8),
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(12),
                                14,
                                Duration.ofSeconds(16)),
                        new Settings.S3("http://h:9000", "r", true, "/c", 7),
                        new Settings.Metrics("h2", 9464),
                        new Settings.Http("h3", 8080, "t", List.of("http://h4:8080")),
                        new Settings.Webhook("http://h5/hook", "u", List.of("stopped")),
                        ConfigFactory.parseString("akka.loglevel = DEBUG")));
    }

    @Test
    void automaticLearningRatesFollowTheBits() {
        Recipe recipe = set("quantization.bits=4").recipe();

        assertThat(recipe.blockAp().learningRates().weights()).isEqualTo(1e-5);
        assertThat(recipe.endToEnd().learningRates()).isEqualTo(new EndToEnd.LearningRates(1e-5, 1e-5));
    }

    @Test
    void assignmentsWinOverTheFileAndFlagsOverAssignments() {
        Path file = file("seed = 1, quantization { bits = 4, group-size = 32, symmetric = true }");
        Settings loaded = SettingsLoader.load(
                Optional.of(file),
                List.of("seed=7", "quantization.bits=3", "quantization.bits=8"),
                Map.of("seed", "9"));

        assertThat(loaded.recipe().quantization()).isEqualTo(new Quantization(8, 32, true));
        assertThat(loaded.recipe().seed()).isEqualTo(9);
    }

    @Test
    void assignmentsTakeListsSectionsAndPlusSigns() {
        Recipe recipe = set(
                        "exports=[gptq]",
                        "quantization={bits: 3, group-size: 128}",
                        "block-ap.train=step-sizes+zero-points")
                .recipe();

        assertThat(recipe.exports()).containsExactly(ExportFormat.GPTQ);
        assertThat(recipe.quantization()).isEqualTo(new Quantization(3, 128, false));
        assertThat(recipe.blockAp().train()).isEqualTo(BlockAp.Trained.STEP_SIZES_AND_ZERO_POINTS);
    }

    @Test
    void aFileMayIncludeAndSubstitute() throws IOException {
        Files.writeString(folder.resolve("base.conf"), "calibration.train-samples = 32\n");
        Recipe recipe = load("""
            include "base.conf"
            end-to-end.samples = ${calibration.train-samples}
            evaluation.context = ${calibration.sequence-length}
            """).recipe();

        assertThat(recipe.calibration().trainSamples()).isEqualTo(32);
        assertThat(recipe.endToEnd().samples()).isEqualTo(32);
        assertThat(recipe.evaluation().context()).isEqualTo(2048);
    }

    /** A pod learns its own address so. */
    @Test
    void aFileMaySubstituteEnvironmentVariables() {
        assertThat(load("cluster.host = ${PATH}").cluster().host()).isEqualTo(System.getenv("PATH"));
        assertThat(refused(file("cluster.host = ${NOBODY_SETS_THIS}")))
                .contains("a substitution cannot be resolved")
                .contains("NOBODY_SETS_THIS");
    }

    /** Such a file has no folder in its name. */
    @Test
    void aFileInTheWorkingFolderFindsWhatItIncludes() throws IOException {
        Path recipe = Files.createTempFile(Path.of("").toAbsolutePath(), "recipe", ".conf");
        try {
            Files.writeString(recipe, "include \"conf/quick.conf\"\n");

            Settings settings = SettingsLoader.load(Optional.of(recipe.getFileName()), List.of(), Map.of());

            assertThat(settings.recipe().evaluation().context()).isEqualTo(512);
        } finally {
            Files.delete(recipe);
        }
    }

    @Test
    void anUnknownKeyIsRefusedWithTheNearestOne() {
        assertThat(refused(file("block-ap.batchsize = 4")))
                .endsWith("block-ap.batchsize (%s:1): there is no such key. Did you mean block-ap.batch-size?"
                        .formatted(folder.resolve("recipe.conf")));
    }

    @Test
    void aKeyInTheWrongSectionIsFound() {
        assertThat(refused("bits=3"))
                .contains("bits (--set bits=3): there is no such key. Did you mean quantization.bits?");
    }

    @Test
    void aKeyLikeNoOtherGetsNoSuggestion() {
        assertThat(refused("temperature=3")).endsWith("there is no such key.");
    }

    @Test
    void keysWrappedInTheReferencesRootAreExplained() {
        assertThat(refused(file("blocksmith {\n  seed = 1\n}")))
                .contains("recipe.conf:1): keys stand at the top level; remove the blocksmith { } around them");
    }

    @Test
    void allProblemsComeInOneMessage() {
        Path file = file("""
            quantization {
              bits = 5
              group-size = 0
            }
            calibration.order = shuffled
            block-ap.epochs = two
            block-ap.adam.beta2 = 1
            end-to-end.adam.epsilon = 0
            end-to-end = ${end-to-end} { batch-size = 1.5 }
            colour = blue
            """);
        BlocksmithException failure =
                refusal(Optional.of(file), List.of("evaluation=7", "seed"), Map.of("exports", "gptq"));

        assertThat(failure.category()).isEqualTo(Category.USER);
        assertThat(failure.getMessage().replace(folder + "/", "").lines().map(String::strip))
                .containsExactlyInAnyOrder(
                        "configuration: 11 problems",
                        "seed (--set seed): expected key=value",
                        "colour (recipe.conf:10): there is no such key.",
                        "quantization.bits (recipe.conf:2): expected 2, 3, 4 or 8, found 5",
                        "quantization.group-size (recipe.conf:3): expected a divisor of every input width, or -1 for"
                                + " one group a row, found 0",
                        "calibration.order (recipe.conf:5): expected one of random, file, found \"shuffled\"",
                        "block-ap.epochs (recipe.conf:6): expected a whole number below 2147483648, found \"two\"",
                        "block-ap.adam.beta2 (recipe.conf:7): expected 0 <= beta2 < 1, found 1",
                        "end-to-end.adam.epsilon (recipe.conf:8): expected a number above 0, found 0",
                        "end-to-end.batch-size (recipe.conf:9): expected a whole number below 2147483648, found 1.5",
                        "evaluation (--set evaluation=7): expected a section with keys of its own, found \"7\"",
                        "exports (command line): expected a list without repetition, each one of gptq, dequantized,"
                                + " found \"gptq\"");
    }

    @Test
    void aProblemBetweenTwoKeysIsTold() {
        assertThat(refused("calibration.train-samples=10", "block-ap.repair.samples=20"))
                .isEqualTo("configuration: block-ap.repair.samples (--set block-ap.repair.samples=20): expected at most"
                        + " calibration.train-samples = 10, found \"20\"");
    }

    @Test
    void aNullIsNoValue() {
        assertThat(refused(file("seed = null"))).contains("expected a whole number, found null");
    }

    @Test
    void anAutomaticRateIsNotForEveryKey() {
        assertThat(refused("block-ap.learning-rates.zero-points=auto")).contains("expected a number, found \"auto\"");
    }

    @Test
    void aRepeatedExportIsRefused() {
        assertThat(refused("exports=[gptq, gptq]")).contains("expected a list without repetition");
    }

    @Test
    void anUnknownDeviceIsRefused() {
        assertThat(refused("compute.device=tpu")).contains("expected auto, cpu, gpu0, gpu1, ..., found \"tpu\"");
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = folder.resolve("none.conf");
        assertThat(refused(missing)).isEqualTo(missing + ": no such configuration file");
    }

    @Test
    void aMissingIncludeIsNamed() {
        assertThat(refused(file("include required(file(\"none.conf\"))"))).contains("none.conf");
    }

    @Test
    void brokenHoconIsToldWithItsLine() {
        assertThat(refused(file("seed = 1\nquantization {")))
                .contains("not valid HOCON")
                .contains("recipe.conf: 2");
    }

    @Test
    void anUnresolvedSubstitutionIsTold() {
        assertThat(refused(file("seed = ${sead}")))
                .contains("substitution")
                .contains("recipe.conf: 1")
                .contains("sead");
    }

    private Settings load(String recipe) {
        return SettingsLoader.load(Optional.of(file(recipe)), List.of(), Map.of());
    }

    private static Settings set(String... assignments) {
        return SettingsLoader.load(Optional.empty(), List.of(assignments), Map.of());
    }

    private static String refused(String... assignments) {
        return refusal(Optional.empty(), List.of(assignments), Map.of()).getMessage();
    }

    private static String refused(Path file) {
        return refusal(Optional.of(file), List.of(), Map.of()).getMessage();
    }

    private static BlocksmithException refusal(
            Optional<Path> file, List<String> assignments, Map<String, String> flags) {
        return catchThrowableOfType(BlocksmithException.class, () -> SettingsLoader.load(file, assignments, flags));
    }

    private Path file(String recipe) {
        try {
            return Files.writeString(folder.resolve("recipe.conf"), recipe);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
