package io.blocksmith.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The configuration table of README.md, made from the comments in the reference. */
final class ConfigTable {
    private ConfigTable() {}

    /** Key to value, in the order of the reference's lines. */
    static Map<String, ConfigValue> leaves() {
        Config reference = SettingsLoader.reference();
        return reference.entrySet().stream()
                .sorted(Comparator.comparingInt(
                        entry -> entry.getValue().origin().lineNumber()))
                .collect(Collectors.toMap(
                        Map.Entry::getKey, Map.Entry::getValue, (first, _) -> first, LinkedHashMap::new));
    }

    /** The comment right above a key, on one line. */
    static String meaning(ConfigValue value) {
        return value.origin().comments().stream().map(String::strip).collect(Collectors.joining(" "));
    }

    /** A Markdown table of key, default and meaning. */
    static String markdown() {
        StringBuilder table = new StringBuilder("| key | default | meaning |\n|---|---|---|\n");
        leaves().forEach((key, value) -> table.append("| `%s` | `%s` | %s |\n"
                .formatted(key, plain(value), meaning(value).replace("|", "\\|"))));
        return table.toString();
    }

    private static String plain(ConfigValue value) {
        return value.render(ConfigRenderOptions.concise()).replace("\"", "").replace(",", ", ");
    }
}
