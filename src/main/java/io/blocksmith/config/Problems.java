package io.blocksmith.config;

import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import io.blocksmith.failure.BlocksmithException;
import java.util.LinkedHashSet;
import java.util.SequencedSet;

/** Everything wrong with a configuration, collected so that one message can tell all of it. */
final class Problems {
    private final SequencedSet<String> lines = new LinkedHashSet<>();

    /** A value that is not what its key takes. */
    void add(String key, ConfigValue found, String expected) {
        lines.add("%s (%s): expected %s, found %s"
                .formatted(key, place(found.origin()), expected, found.render(ConfigRenderOptions.concise())));
    }

    /** Something that is not about a value. */
    void add(String key, String place, String what) {
        lines.add("%s (%s): %s".formatted(key, place, what));
    }

    boolean isEmpty() {
        return lines.isEmpty();
    }

    /** A USER failure of all problems. */
    BlocksmithException failure() {
        return lines.size() == 1
                ? BlocksmithException.user("configuration: %s", lines.getFirst())
                : BlocksmithException.user(
                        "configuration: %d problems%n  %s",
                        lines.size(), String.join(System.lineSeparator() + "  ", lines));
    }

    /** {@code file:line}, or the assignment on the command line. */
    static String place(ConfigOrigin origin) {
        if (origin.filename() != null) {
            return origin.filename() + ":" + origin.lineNumber();
        }
        // Parsed text that is no file carries the number of its only line.
        return origin.description().replaceFirst(": 1$", "");
    }
}
