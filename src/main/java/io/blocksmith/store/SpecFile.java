package io.blocksmith.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * {@code RUN/spec.json}: what the run was submitted with.
 *
 * @param version of this layout
 * @param identity everything that decides the bytes of the result; never changes
 * @param identityDigest SHA-256 of the identity as JSON with sorted keys
 * @param operations the rest (paths and the like) as first submitted; may differ on resume
 */
public record SpecFile(int version, JsonNode identity, String identityDigest, JsonNode operations) {
    private static final int VERSION = 1;
    /** Recipe keys are shown as users write them, without the part of the identity they sit in. */
    private static final String RECIPE = "recipe.";

    /** A specification of two records, with record components in kebab-case. */
    public static SpecFile of(Object identity, Object operations) {
        JsonNode tree = tree(identity);
        return new SpecFile(VERSION, tree, digest(tree), tree(operations));
    }

    /** The specification of a run folder. */
    public static SpecFile read(ObjectStore store) {
        String path = store.where(RunNames.SPEC);
        try {
            JsonNode tree = Json.MAPPER.readTree(store.read(RunNames.SPEC));
            if (tree.path("version").asInt(0) != VERSION) {
                throw BlocksmithException.environment(
                        null, "%s: version %s found, %d expected", path, tree.path("version"), VERSION);
            }
            SpecFile spec = Json.MAPPER.treeToValue(tree, SpecFile.class);
            if (!digest(spec.identity()).equals(spec.identityDigest())) {
                throw BlocksmithException.environment(
                        null, "%s: the identity was altered: its digest is not %s", path, spec.identityDigest());
            }
            return spec;
        } catch (IOException malformed) {
            throw BlocksmithException.environment(malformed, "%s is no specification: %s", path, Reason.of(malformed));
        }
    }

    /**
     * Writes this specification into a new run folder, or checks that the folder's own has the same identity.
     *
     * @return the specification that holds
     * @throws BlocksmithException (the user's) when the identity differs, with one line for each difference
     */
    public SpecFile writeOrConfirm(ObjectStore store) {
        if (store.createIfAbsent(RunNames.SPEC, bytes())) {
            return this;
        }
        SpecFile recorded = read(store);
        recorded.refuseIfChanged(this, store.where(RunNames.SPEC));
        return recorded;
    }

    private void refuseIfChanged(SpecFile now, String path) {
        List<String> differences = differences(now);
        if (!differences.isEmpty()) {
            throw BlocksmithException.user(
                    "%s",
                    "%s belongs to another run; use another run folder, or the settings it was started with:\n  %s"
                            .formatted(path, String.join("\n  ", differences)));
        }
    }

    /** One line for each differing value of the identity: {@code quantization.bits: 2 in the run folder, 3 now}. */
    public List<String> differences(SpecFile now) {
        Map<String, String> before = leaves(identity);
        Map<String, String> after = leaves(now.identity());
        TreeSet<String> keys = new TreeSet<>(before.keySet());
        keys.addAll(after.keySet());
        List<String> lines = new ArrayList<>();
        for (String key : keys) {
            String was = before.getOrDefault(key, "nothing");
            String is = after.getOrDefault(key, "nothing");
            if (!was.equals(is)) {
                lines.add("%s: %s in the run folder, %s now".formatted(key, was, is));
            }
        }
        return lines;
    }

    /** The identity as the record it was made from. */
    public <T> T identity(Class<T> type) {
        return value(identity, type);
    }

    /** The operations as the record they were made from. */
    public <T> T operations(Class<T> type) {
        return value(operations, type);
    }

    private static <T> T value(JsonNode tree, Class<T> type) {
        try {
            return Json.MAPPER.treeToValue(tree, type);
        } catch (JsonProcessingException malformed) {
            throw BlocksmithException.environment(
                    malformed,
                    "%s is not what this version expects: %s",
                    RunNames.SPEC,
                    malformed.getOriginalMessage());
        }
    }

    private byte[] bytes() {
        try {
            return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
        } catch (JsonProcessingException unexpected) {
            throw BlocksmithException.defect("cannot write the specification: %s", unexpected.getMessage());
        }
    }

    /** Through text, so that a number has the same node type as when it is read back. */
    private static JsonNode tree(Object value) {
        try {
            return Json.MAPPER.readTree(Json.MAPPER.writeValueAsBytes(value));
        } catch (IOException unexpected) {
            throw BlocksmithException.defect("cannot write %s as JSON: %s", value, Reason.of(unexpected));
        }
    }

    private static String digest(JsonNode identity) {
        return Digests.sha256(sorted(identity).toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Key order says nothing, so it must not change the digest; the order of a list does. */
    private static JsonNode sorted(JsonNode node) {
        if (node.isObject()) {
            ObjectNode copy = JsonNodeFactory.instance.objectNode();
            node.properties().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .forEach(entry -> copy.set(entry.getKey(), sorted(entry.getValue())));
            return copy;
        }
        if (node.isArray()) {
            ArrayNode copy = JsonNodeFactory.instance.arrayNode();
            node.forEach(element -> copy.add(sorted(element)));
            return copy;
        }
        return node;
    }

    private static Map<String, String> leaves(JsonNode identity) {
        Map<String, String> leaves = new TreeMap<>();
        collect(identity, "", leaves);
        return leaves;
    }

    private static void collect(JsonNode node, String path, Map<String, String> leaves) {
        if (node.isObject()) {
            node.properties().forEach(entry -> collect(entry.getValue(), path + "." + entry.getKey(), leaves));
        } else {
            String key = path.substring(1);
            leaves.put(key.startsWith(RECIPE) ? key.substring(RECIPE.length()) : key, node.toString());
        }
    }
}
