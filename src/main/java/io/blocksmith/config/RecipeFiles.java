package io.blocksmith.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * What a recipe may include: files, each of them bounded before it is parsed. Nothing is fetched. The parser walks down
 * into what it reads, so that a file of a few kilobytes could exhaust its stack.
 */
final class RecipeFiles implements ConfigIncluder, ConfigIncluderURL, ConfigIncluderFile, ConfigIncluderClasspath {
    private static final long MOST_BYTES = 1 << 20;
    private static final int DEEPEST = 64;
    /** A scheme and what follows it; of one letter, it is a drive. */
    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

    private final Path file;
    private final ConfigIncluder plain;

    private RecipeFiles(Path file, ConfigIncluder plain) {
        this.file = file;
        this.plain = plain;
    }

    /** How {@code file} is parsed. */
    static ConfigParseOptions options(Path file) {
        return ConfigParseOptions.defaults().setAllowMissing(false).setIncluder(new RecipeFiles(file, null));
    }

    /** Refuses a file that is too large or too deep. */
    static void requireBounded(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes > MOST_BYTES) {
                throw BlocksmithException.user(
                        "%s: %d bytes; a configuration file has at most %d", file, bytes, MOST_BYTES);
            }
            requireFlat(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw BlocksmithException.user("%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    /** Refuses text whose braces, brackets or dotted keys nest too deeply, quoted ones counted as well. */
    static void requireFlat(String place, String text) {
        int depth = 0;
        int dots = 0;
        for (int i = 0; i < text.length(); i++) {
            char at = text.charAt(i);
            if (at == '{' || at == '[') {
                depth++;
            } else if (at == '}' || at == ']') {
                depth = Math.max(0, depth - 1);
            }
            dots = at == '.' ? dots + 1 : Character.isWhitespace(at) || "=:{}[],+".indexOf(at) >= 0 ? 0 : dots;
            if (depth > DEEPEST || dots > DEEPEST) {
                throw BlocksmithException.user("%s: nested more than %d deep; no key lies so deep", place, DEEPEST);
            }
        }
    }

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        return new RecipeFiles(file, fallback);
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
        if (ADDRESS.matcher(what).matches()) {
            throw refused(what);
        }
        String name = context.relativeTo(what) == null
                ? null
                : context.relativeTo(what).origin().filename();
        for (String ending : new String[] {"", ".conf", ".json", ".properties"}) {
            Path included = name == null ? null : Path.of(name + ending);
            if (included != null && Files.isRegularFile(included)) {
                requireBounded(included);
            }
        }
        return plain.include(context, what);
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File what) {
        if (what.isFile()) {
            requireBounded(what.toPath());
        }
        return ConfigFactory.parseFile(what, context.parseOptions()).root();
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
        throw refused(what.toString());
    }

    @Override
    public ConfigObject includeResources(ConfigIncludeContext context, String what) {
        throw refused("classpath(" + what + ")");
    }

    private BlocksmithException refused(String what) {
        return BlocksmithException.user(
                "%s: include of %s: a configuration includes files only, nothing is fetched; copy it beside this file"
                        + " and include it by its name",
                file, what);
    }
}
