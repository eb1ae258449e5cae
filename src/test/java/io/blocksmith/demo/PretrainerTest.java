package io.blocksmith.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.spec.Adam;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainerTest {
    private static final BytePairTokenizer TOKENIZER = BytePairTrainer.learn(TinyTexts.sentences(300, 1), 320);
    private static final Corpus TRAINING = Corpus.of(TinyTexts.sentences(300, 1), TOKENIZER);
    private static final Corpus VALIDATION = Corpus.of(TinyTexts.sentences(30, 2), TOKENIZER);

    @TempDir
    private Path folder;

    static LlamaConfig config() {
        return new LlamaConfig(
                64,
                128,
                2,
                4,
                2,
                16,
                TOKENIZER.size(),
                32,
                1e-5,
                10_000,
                new RopeScaling.None(),
                false,
                false,
                true,
                OptionalInt.of(BytePairTokenizer.BEGIN));
    }

    static TrainedModel train(long steps, List<Pretrainer.Look> looks) {
        Pretraining recipe = new Pretraining(32, 4, steps, 5, 5e-3, new Adam(0.9, 0.95, 1e-8, 0.1), 1.0, 10, 7);
        try (NDManager scope = TestCompute.cpu().manager().newSubManager()) {
            return new Pretrainer(config(), recipe, scope).train(TRAINING, VALIDATION, looks::add);
        }
    }

    @Test
    void thirtyStepsLowerTheLoss() {
        List<Pretrainer.Look> looks = new ArrayList<>();

        TrainedModel model = train(30, looks);

        assertThat(looks).extracting(Pretrainer.Look::step).containsExactly(10L, 20L, 30L);
        // A uniform guess over 320 tokens costs ln(320) = 5.77 nats.
        assertThat(looks.getLast().trainLoss())
                .isLessThan(looks.getFirst().trainLoss())
                .isLessThan(4.0);
        assertThat(model.validationLoss()).isLessThan(4.0);
    }

    @Test
    void theSameTrainingGivesTheSameParameters() {
        TrainedModel first = train(12, new ArrayList<>());
        TrainedModel second = train(12, new ArrayList<>());

        assertThat(second.values()).usingRecursiveComparison().isEqualTo(first.values());
    }

    @Test
    void theKeptParametersAreThoseOfTheLowestValidationLoss() {
        List<Pretrainer.Look> looks = new ArrayList<>();

        TrainedModel model = train(30, looks);

        double lowest = looks.stream()
                .mapToDouble(Pretrainer.Look::validationLoss)
                .min()
                .orElseThrow();
        assertThat(model.validationLoss()).as("after rounding to BF16").isCloseTo(lowest, within(0.02));
    }

    @Test
    void theWrittenFolderHoldsTheTrainedModel() {
        TrainedModel model = train(3, new ArrayList<>());
        ModelFolder.write(folder, model, TOKENIZER);

        assertThat(ConfigFile.read(folder)).isEqualTo(config());
        try (CheckpointWeights weights = CheckpointWeights.open(folder);
                NDManager scope = TestCompute.cpu().manager().newSubManager()) {
            assertThat(weights.head(scope).toFloatArray())
                    .isEqualTo(model.values().getFirst());
            assertThat(weights.finalNorm(scope).toFloatArray())
                    .isEqualTo(model.values().getLast());
        }
    }
}
