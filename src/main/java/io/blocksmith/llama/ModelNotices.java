package io.blocksmith.llama;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a model folder holds that is not computed with, for people: transformers calls such tensors unexpected. */
public final class ModelNotices {
    private static final Pattern IN_BLOCK = Pattern.compile("(model\\.layers\\.(\\d{1,9}))\\.(.*)");
    /** Buffers that old checkpoints store; they follow from config.json. */
    private static final String ROTARY_BUFFER = "rotary_emb.inv_freq";

    private ModelNotices() {}

    /**
     * One line for each thing that is passed over, for {@code folder} with an unquantized model.
     *
     * @throws BlocksmithException USER, when a tensor of a block that is computed would be left out: the result would be
     *     another model
     */
    public static List<String> of(Path folder) {
        LlamaConfig config = ConfigFile.read(folder);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return of(folder, config, checkpoint);
        }
    }

    static List<String> of(Path folder, LlamaConfig config, Checkpoint checkpoint) {
        ConfigFile file = ConfigFile.open(folder);
        List<String> notices = new ArrayList<>();
        for (String key : file.unknownKeys()) {
            notices.add("config.json: %s is not a key that is known for this architecture; nothing is computed by it"
                    .formatted(shortened(key)));
        }
        boolean stored = checkpoint.contains(LlamaNames.HEAD);
        if (config.tiedHead() && stored) {
            notices.add("lm_head.weight is stored and equals the embedding, to which tie_word_embeddings ties it");
        } else if (!config.tiedHead() && file.saysTied()) {
            notices.add(
                    "tie_word_embeddings is true, but lm_head.weight is stored and differs from the embedding: both are"
                            + " used, as transformers does, and exports say false");
        }
        unused(folder, config, checkpoint, notices);
        return notices;
    }

    private static void unused(Path folder, LlamaConfig config, Checkpoint checkpoint, List<String> notices) {
        Set<String> used = new HashSet<>(LlamaNames.plain(config));
        used.addAll(LlamaNames.linears(config));
        used.add(LlamaNames.HEAD);
        TreeMap<String, Integer> beyond = new TreeMap<>();
        List<String> others = new ArrayList<>();
        for (String name : checkpoint.names()) {
            if (used.contains(name) || name.endsWith(ROTARY_BUFFER)) {
                continue;
            }
            Matcher inBlock = IN_BLOCK.matcher(name);
            if (!inBlock.matches()) {
                others.add(name);
            } else if (Integer.parseInt(inBlock.group(2)) < config.blocks()) {
                throw BlocksmithException.user(
                        "%s: tensor %s: expected nothing of that name in a block of this architecture%s; without it the"
                                + " result would be another model",
                        folder, name, advice(inBlock.group(3)));
            } else {
                beyond.merge(inBlock.group(1), 1, Integer::sum);
            }
        }
        beyond.forEach((block, count) -> notices.add(
                "%s: its %d tensors are not used, num_hidden_layers is %d".formatted(block, count, config.blocks())));
        if (!others.isEmpty()) {
            notices.add("%d tensors are no part of this architecture and not used: %s%s"
                    .formatted(
                            others.size(),
                            String.join(", ", others.subList(0, Math.min(5, others.size()))),
                            others.size() > 5 ? ", ..." : ""));
        }
    }

    private static String advice(String name) {
        Optional<String> key = !name.endsWith("_proj.bias")
                ? Optional.empty()
                : Optional.of(name.startsWith("mlp.") ? "mlp_bias" : "attention_bias");
        return key.map(bias -> ", whose config.json says no " + bias)
                .orElse(" (is config.json that of this checkpoint?)");
    }

    private static String shortened(String text) {
        return text.length() <= 120 ? text : text.substring(0, 117) + "...";
    }
}
