package io.blocksmith.config;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * The keys that exist: component names of nested records in kebab-case, joined by dots. A section is a record, a leaf is
 * anything else.
 */
final class Keys {
    private final SequencedSet<String> sections = new LinkedHashSet<>();
    private final SequencedSet<String> leaves = new LinkedHashSet<>();

    /** The keys below {@code roots}; a root's path is empty or the section that it is. */
    Keys(Map<String, Class<? extends Record>> roots) {
        new LinkedHashMap<>(roots).forEach((path, type) -> {
            if (!path.isEmpty()) {
                sections.add(path);
            }
            collect(path, type);
        });
    }

    private void collect(String path, Class<?> type) {
        for (RecordComponent component : type.getRecordComponents()) {
            String key = join(path, kebab(component.getName()));
            if (component.getType().isRecord()) {
                sections.add(key);
                collect(key, component.getType());
            } else {
                leaves.add(key);
            }
        }
    }

    SequencedSet<String> leaves() {
        return leaves;
    }

    boolean isLeaf(String key) {
        return leaves.contains(key);
    }

    boolean isSection(String key) {
        return sections.contains(key);
    }

    /** The key that was probably meant, if any is near. */
    Optional<String> nearest(String unknown) {
        String nearest = "";
        int least = Integer.MAX_VALUE;
        for (String key : leaves) {
            // A right name in the wrong section is nearer than any misspelling of the section.
            int moved = 2 + distance(plain(last(unknown)), plain(last(key)));
            int cost = Math.min(moved, distance(plain(unknown), plain(key)));
            if (cost < least) {
                least = cost;
                nearest = key;
            }
        }
        return least <= Math.max(2, unknown.length() / 3) ? Optional.of(nearest) : Optional.empty();
    }

    /** {@code groupSize} and {@code group_size} are nearer to {@code group-size} than their letters say. */
    private static String plain(String key) {
        return key.toLowerCase(Locale.ROOT).replaceAll("[-_]", "");
    }

    static String last(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** {@code stepSizes} to {@code step-sizes}. */
    static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    /** Insertions, deletions and replacements between two words (Levenshtein). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
