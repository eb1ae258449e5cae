package io.blocksmith.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.spec.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Loads {@link Settings}: flags over {@code --set} assignments over the user's file over the defaults in
 * {@code blocksmith-reference.conf}. Every problem is found before anything is thrown.
 */
public final class SettingsLoader {
    private static final String REFERENCE = "blocksmith-reference.conf";
    private static final String ROOT = "blocksmith";
    private static final Map<String, Class<? extends Record>> ROOTS = Map.of(
            "", Recipe.class,
            "compute", Settings.Compute.class,
            "checkpoint", Settings.Checkpoint.class,
            "run", Settings.Run.class,
            "cluster", Settings.Cluster.class,
            "patience", Settings.Patience.class,
            "s3", Settings.S3.class,
            "metrics", Settings.Metrics.class,
            "http", Settings.Http.class,
            "webhook", Settings.Webhook.class);
    /** Akka's own settings pass through; Akka checks them. */
    private static final String AKKA = "akka";

    private static final Keys KEYS = new Keys(ROOTS);

    private SettingsLoader() {}

    /** The defaults alone. */
    public static Settings defaults() {
        return load(Optional.empty(), List.of(), Map.of());
    }

    /**
     * Loads the settings of a command.
     *
     * @param file the user's recipe: HOCON, keys at the top level, includes and substitutions allowed
     * @param assignments {@code key=value} each, later ones win; {@code [..]}, <code>{..}</code> and quoted values are
     *     read as HOCON, all others as plain text
     * @param flags full key to value, for options of the command line that are keys, e.g. {@code quantization.bits} to
     *     {@code 2}
     * @throws BlocksmithException USER, one message with every problem: its key, its place, expected and found
     */
    public static Settings load(Optional<Path> file, List<String> assignments, Map<String, String> flags) {
        Problems problems = new Problems();
        Config overrides = ConfigFactory.empty();
        for (String assignment : assignments) {
            overrides = assigned(assignment, problems).withFallback(overrides);
        }
        for (Map.Entry<String, String> flag : new TreeMap<>(flags).entrySet()) {
            overrides = assigned(flag.getKey(), flag.getValue(), "command line", problems)
                    .withFallback(overrides);
        }
        Config reference = reference();
        Config values =
                file.isPresent() ? resolved(overrides, file.get(), reference) : overrides.withFallback(reference);
        // The reference holds no other keys than those that exist: what is unknown came from the user.
        refuseUnknown("", values.root(), problems);

        ValueReader reader = new ValueReader(bits(values));
        RecordMapper mapper = new RecordMapper(values, reference, reader, problems);
        Settings settings = new Settings(
                mapper.map(Recipe.class, ""),
                mapper.map(Settings.Compute.class, "compute"),
                mapper.map(Settings.Checkpoint.class, "checkpoint"),
                mapper.map(Settings.Run.class, "run"),
                mapper.map(Settings.Cluster.class, "cluster"),
                mapper.map(Settings.Patience.class, "patience"),
                mapper.map(Settings.S3.class, "s3"),
                mapper.map(Settings.Metrics.class, "metrics"),
                mapper.map(Settings.Http.class, "http"),
                mapper.map(Settings.Webhook.class, "webhook"),
                values.hasPath(AKKA) ? values.withOnlyPath(AKKA) : ConfigFactory.empty());
        if (!problems.isEmpty()) {
            throw problems.failure();
        }
        return settings;
    }

    /** The reference without its root. */
    static Config reference() {
        return ConfigFactory.parseResources(
                        SettingsLoader.class.getClassLoader(),
                        REFERENCE,
                        ConfigParseOptions.defaults().setAllowMissing(false))
                .getConfig(ROOT);
    }

    static Keys keys() {
        return KEYS;
    }

    private static Config parsed(Path file) {
        if (!Files.isRegularFile(file)) {
            throw BlocksmithException.user("%s: no such configuration file", file);
        }
        try {
            // A file without a folder in its name would not find what it includes, and that goes unsaid.
            RecipeFiles.requireBounded(file);
            return ConfigFactory.parseFile(file.toAbsolutePath().toFile(), RecipeFiles.options(file));
        } catch (ConfigException e) {
            throw BlocksmithException.user("configuration: not valid HOCON: %s", e.getMessage());
        }
    }

    /** All layers joined; substitutions in the file see what the command line set, and the defaults. */
    private static Config resolved(Config overrides, Path file, Config reference) {
        Config layers = overrides.withFallback(parsed(file)).withFallback(reference);
        try {
            return layers.resolve();
        } catch (ConfigException e) {
            throw BlocksmithException.user("%s: a substitution cannot be resolved: %s", file, e.getMessage());
        }
    }

    private static Config assigned(String assignment, Problems problems) {
        String place = "--set " + assignment;
        int equals = assignment.indexOf('=');
        if (equals < 1) {
            problems.add(assignment, place, "expected key=value");
            return ConfigFactory.empty();
        }
        String key = assignment.substring(0, equals).strip();
        return assigned(key, assignment.substring(equals + 1).strip(), place, problems);
    }

    private static Config assigned(String key, String text, String place, Problems problems) {
        RecipeFiles.requireFlat(place.substring(0, Math.min(place.length(), 80)), key + "=" + text);
        try {
            return ConfigFactory.empty().withValue(key, value(text, place));
        } catch (ConfigException e) {
            problems.add(key, place, "not a key and a value in HOCON: " + e.getMessage());
            return ConfigFactory.empty();
        }
    }

    private static ConfigValue value(String text, String place) {
        if (text.startsWith("[") || text.startsWith("{") || text.startsWith("\"")) {
            ConfigParseOptions options = RecipeFiles.options(Path.of("--set")).setOriginDescription(place);
            return ConfigFactory.parseString("value = " + text, options).getValue("value");
        }
        return ConfigValueFactory.fromAnyRef(text, place);
    }

    private static void refuseUnknown(String path, ConfigObject object, Problems problems) {
        for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(object).entrySet()) {
            String key = Keys.join(path, entry.getKey());
            ConfigValue value = entry.getValue();
            String place = Problems.place(value.origin());
            if (key.equals(AKKA) && value instanceof ConfigObject) {
                continue;
            }
            if (KEYS.isSection(key) && value instanceof ConfigObject section) {
                refuseUnknown(key, section, problems);
            } else if (key.equals(ROOT)) {
                problems.add(key, place, "keys stand at the top level; remove the blocksmith { } around them");
            } else if (!KEYS.isSection(key) && !KEYS.isLeaf(key)) {
                String hint =
                        KEYS.nearest(key).map(" Did you mean %s?"::formatted).orElse("");
                problems.add(key, place, "there is no such key." + hint);
            }
        }
    }

    /** Bits as far as they can be read; what is wrong with them is told when the recipe is mapped. */
    private static int bits(Config values) {
        try {
            return values.getInt("quantization.bits");
        } catch (ConfigException e) {
            return reference().getInt("quantization.bits");
        }
    }
}
