package io.blocksmith.llama;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.SharedData;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A real trained Llama against the logits that another implementation (llama2.c) computed for it. */
@Tag("shared-data")
class GoldenLogitsTest {

    @Test
    void stories260KLogitsAreThoseOfLlama2C() throws IOException {
        Path models = SharedData.folder().resolve("models");
        Path golden = models.resolve("stories260K-golden");
        int[] ids = Arrays.stream(
                        Files.readString(golden.resolve("ref_ids.txt")).trim().split("\\s+"))
                .mapToInt(Integer::parseInt)
                .toArray();
        FloatBuffer expected = ByteBuffer.wrap(Files.readAllBytes(golden.resolve("ref_logits_512x512.f32")))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        try (NDManager scope = TestCompute.cpu().manager().newSubManager();
                NDScope _ = new NDScope();
                LlamaWeights weights = CheckpointWeights.open(models.resolve("stories260K-hf"));
                OutputHead head = OutputHead.of(weights, scope)) {
            RotaryTable rotary = RotaryTable.of(weights.config(), ids.length, scope);
            NDArray x = weights.embed(new int[][] {ids}, scope);
            try (ScriptedBlock block = ScriptedBlock.compile(weights.config(), rotary, false, scope)) {
                for (int i = 0; i < weights.config().blocks(); i++) {
                    x = block.forward(x, weights.block(i, scope));
                }
            }
            float[] logits = head.logits(x).toFloatArray();

            assertThat(logits).hasSize(expected.remaining());
            double worst = 0;
            for (int i = 0; i < logits.length; i++) {
                worst = Math.max(worst, Math.abs(logits[i] - expected.get(i)));
            }
            assertThat(worst).as("largest difference of a logit").isLessThanOrEqualTo(5e-4);
        }
    }
}
