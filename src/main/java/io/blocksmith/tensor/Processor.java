package io.blocksmith.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The kind of this machine's processor, as far as libraries of mathematics choose their code by it. */
final class Processor {
    private static final Path LINUX = Path.of("/proc/cpuinfo");
    /** Widest first. */
    private static final List<String> VECTORS = List.of("avx512f", "avx2");

    private Processor() {}

    /** Maker and widest vectors, e.g. {@code GenuineIntel avx512f}; just the architecture where nothing tells more. */
    static String kind() {
        try {
            return kind(Files.readAllLines(LINUX));
        } catch (IOException notLinux) {
            return System.getProperty("os.arch");
        }
    }

    /** The same of the lines of {@code /proc/cpuinfo}. */
    static String kind(List<String> lines) {
        Set<String> flags = Set.of(value(lines, "flags").split(" "));
        String vectors = VECTORS.stream().filter(flags::contains).findFirst().orElse("");
        String told = (value(lines, "vendor_id") + " " + vectors).strip();
        return told.isEmpty() ? System.getProperty("os.arch") : told;
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("");
    }
}
