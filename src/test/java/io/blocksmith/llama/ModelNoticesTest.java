package io.blocksmith.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.SafetensorsWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing of a checkpoint is dropped without a word. */
class ModelNoticesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        TinyModel.write(folder, TinyModel.config(2), TensorType.F32, 1);
    }

    /** Writes the folder's tensors again together with {@code more}, all F32. */
    private void add(Map<TensorInfo, byte[]> more) throws IOException {
        Map<TensorInfo, byte[]> all = new LinkedHashMap<>();
        try (Checkpoint checkpoint = Checkpoint.open(folder);
                Arena arena = Arena.ofConfined()) {
            for (String name : checkpoint.names()) {
                TensorInfo info = checkpoint.info(name);
                all.put(
                        new TensorInfo(name, info.type(), info.shape(), 0, 0),
                        checkpoint.map(name, arena).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        all.putAll(more);
        Path again = folder.resolve("again");
        try (SafetensorsWriter writer = SafetensorsWriter.create(again, List.copyOf(all.keySet()), Map.of())) {
            all.forEach((info, data) -> writer.write(info.name(), MemorySegment.ofArray(data)));
            writer.finish();
        }
        Files.move(again, folder.resolve(Checkpoint.SINGLE), StandardCopyOption.REPLACE_EXISTING);
    }

    private void add(String name, long... shape) throws IOException {
        TensorInfo info = TensorInfo.of(name, TensorType.F32, shape);
        add(Map.of(info, new byte[Math.toIntExact(info.bytes())]));
    }

    private byte[] embedding() {
        try (Checkpoint checkpoint = Checkpoint.open(folder);
                Arena arena = Arena.ofConfined()) {
            return checkpoint.map(LlamaNames.EMBEDDING, arena).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private List<String> notices() {
        try (CheckpointWeights weights = CheckpointWeights.open(folder)) {
            return weights.notices();
        }
    }

    @Test
    void aFolderOfOnlyWhatIsUsedHasNone() {
        assertThat(notices()).isEmpty();
    }

    @Test
    void aNormInsideABlockThatLlamaHasNotIsRefused() throws IOException {
        add("model.layers.1.self_attn.q_norm.weight", 16);

        assertThatThrownBy(this::notices)
                .hasMessageContaining("tensor model.layers.1.self_attn.q_norm.weight: expected nothing of that name")
                .hasMessageContaining("another model");
    }

    @Test
    void aBiasThatTheConfigurationDoesNotDeclareIsRefusedWithTheKey() throws IOException {
        add("model.layers.0.self_attn.k_proj.bias", 32);

        assertThatThrownBy(this::notices)
                .hasMessageContaining("model.layers.0.self_attn.k_proj.bias")
                .hasMessageContaining("attention_bias");
    }

    @Test
    void blocksPastTheConfigurationsNumberAreTold() throws IOException {
        add("model.layers.2.self_attn.q_proj.weight", 64, 64);

        assertThat(notices()).containsExactly("model.layers.2: its 1 tensors are not used, num_hidden_layers is 2");
    }

    @Test
    void whatLiesOutsideOfTheDecoderIsToldAndBuffersAreNot() throws IOException {
        add(Map.of(
                TensorInfo.of("model.layers.0.self_attn.rotary_emb.inv_freq", TensorType.F32, 8),
                new byte[32],
                TensorInfo.of("lm_head.bias", TensorType.F32, 96),
                new byte[384]));

        assertThat(notices()).containsExactly("1 tensors are no part of this architecture and not used: lm_head.bias");
    }

    @Test
    void aStoredHeadThatEqualsTheEmbeddingIsTheEmbedding() throws IOException {
        add(Map.of(TensorInfo.of(LlamaNames.HEAD, TensorType.F32, 96, 64), embedding()));

        assertThat(ConfigFile.read(folder).tiedHead()).isTrue();
        assertThat(notices()).singleElement().asString().contains("equals the embedding");
    }

    /** The rule of transformers: of two different tensors both stay, whatever tie_word_embeddings says. */
    @Test
    void aStoredHeadThatDiffersIsUsed() throws IOException {
        byte[] head = embedding();
        head[4000] ^= 1;
        add(Map.of(TensorInfo.of(LlamaNames.HEAD, TensorType.F32, 96, 64), head));

        assertThat(ConfigFile.read(folder).tiedHead()).isFalse();
        assertThat(notices()).singleElement().asString().contains("lm_head.weight is stored and differs");
    }

    @Test
    void anIndexMayListATiedHeadThatNoShardHolds() throws IOException {
        String shard = "model-00001-of-00001.safetensors";
        Files.move(folder.resolve(Checkpoint.SINGLE), folder.resolve(shard));
        Files.writeString(
                folder.resolve(Checkpoint.INDEX),
                "{\"weight_map\": {\"model.embed_tokens.weight\": \"%s\", \"lm_head.weight\": \"%s\"}}"
                        .formatted(shard, shard));

        assertThat(notices()).isEmpty();
    }

    @Test
    void aTensorThatTheIndexListsAndTheDecoderNeedsHasToBeThere() throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                Files.readString(folder.resolve("config.json"))
                        .replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));

        assertThatThrownBy(this::notices).hasMessageContaining("tensor lm_head.weight is missing");
    }

    @Test
    void aQuantizedFolderIsNoInput() throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                Files.readString(folder.resolve("config.json"))
                        .replace(
                                "\"torch_dtype\"",
                                "\"quantization_config\": {\"quant_method\": \"fp8\"}, \"torch_dtype\""));

        assertThatThrownBy(this::notices).hasMessageContaining("quantized already (fp8)");
    }

    @Test
    void whatLiesInPlaceOfAFileIsCalledByItsName() throws IOException {
        Map<String, String> contents = new LinkedHashMap<>();
        contents.put("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1234567\n", "git lfs pull");
        contents.put("<!DOCTYPE html><html>Forbidden</html>", "HTML");
        contents.put("PK\u0003\u0004 and a pickle inside", "pickle of PyTorch");
        contents.put("GGUF\u0003\u0000\u0000\u0000 and so on", "GGUF");
        contents.put("", "is empty");
        for (Map.Entry<String, String> content : contents.entrySet()) {
            Files.writeString(folder.resolve(Checkpoint.SINGLE), content.getKey());

            assertThatThrownBy(this::notices)
                    .hasMessageContaining("model.safetensors: is ")
                    .hasMessageContaining(content.getValue());
        }
    }
}
