package io.blocksmith.demo;

import static io.blocksmith.tensor.TestCompute.normal;
import static io.blocksmith.tensor.TestCompute.relativeDifference;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplerTest {
    private static final TokenChoice CHOICE = new TokenChoice(1, 0, 1);
    private static final BytePairTokenizer TOKENIZER = BytePairTrainer.learn(TinyTexts.sentences(300, 1), 320);

    @TempDir
    private Path folder;

    private final NDManager manager = TestCompute.cpu().manager();

    @Test
    void theCachedBlockComputesTheLastPositionOfTheWholeOne() {
        LlamaConfig config = PretrainerTest.config();
        int length = 9;
        try (NDManager scope = manager.newSubManager();
                NDScope _ = new NDScope()) {
            BlockWeights weights = Parameters.random(config, 3, scope).blocks().getFirst();
            RotaryTable rotary = RotaryTable.of(config, length, scope);
            NDArray x = normal(scope, new Random(4), 1, 2, length, config.hidden());
            try (ScriptedBlock whole = ScriptedBlock.compile(config, rotary, false, scope);
                    CachedBlock cached = CachedBlock.compile(config, scope)) {
                NDArray expected = whole.forward(x, weights);
                Shape empty = new Shape(2, config.keyValueHeads(), 0, config.headSize());
                NDArray keys = scope.zeros(empty);
                NDArray values = scope.zeros(empty);
                for (int position = 0; position < length; position++) {
                    NDIndex row = new NDIndex().addSliceDim(position, position + 1);
                    NDIndex column = new NDIndex().addAllDim().addIndices(position);
                    NDList out = cached.step(
                            x.get(column),
                            rotary.cosine().get(row),
                            rotary.sine().get(row),
                            weights,
                            keys,
                            values);
                    keys = out.get(1);
                    values = out.get(2);

                    assertThat(relativeDifference(out.get(0), expected.get(column)))
                            .as("position " + position)
                            .isLessThan(1e-5);
                }
            }
        }
    }

    @Test
    void theSameSeedDrawsTheSameDocuments() {
        writeModel();

        assertThat(draw(5)).usingRecursiveComparison().isEqualTo(draw(5));
    }

    @Test
    void anotherSeedDrawsOthers() {
        writeModel();

        assertThat(draw(5).getFirst()).isNotEqualTo(draw(6).getFirst());
    }

    @Test
    void documentsEndBeforeTheContextDoesAndHoldNoBegin() {
        writeModel();

        List<int[]> documents = draw(5);

        assertThat(documents.stream().mapToInt(document -> document.length).sum())
                .isGreaterThanOrEqualTo(200);
        assertThat(documents)
                .allSatisfy(document -> assertThat(document)
                        .hasSizeBetween(1, PretrainerTest.config().contextLength() - 1)
                        .doesNotContain(BytePairTokenizer.BEGIN));
    }

    private void writeModel() {
        ModelFolder.write(folder, PretrainerTest.train(40, new ArrayList<>()), TOKENIZER);
    }

    private List<int[]> draw(long seed) {
        try (Sampler sampler = Sampler.open(folder, manager)) {
            return sampler.documents(CHOICE, seed, 200);
        }
    }
}
