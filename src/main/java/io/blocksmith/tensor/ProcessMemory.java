package io.blocksmith.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Resident memory of this process as Linux reports it ({@code proc(5)}): all of it, native arrays, heap and libraries.
 * Elsewhere every figure is NaN.
 */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    private ProcessMemory() {}

    /** Bytes resident now. */
    public static double residentBytes() {
        return field("VmRSS:");
    }

    /** Highest resident bytes since the process began or since {@link #resetPeak()}. */
    public static double peakBytes() {
        return field("VmHWM:");
    }

    /** Starts a new peak, so that each stage can report its own; where the kernel refuses, peaks are those of the process. */
    public static boolean resetPeak() {
        try {
            Files.writeString(CLEAR, "5");
            return true;
        } catch (IOException | SecurityException e) {
            return false;
        }
    }

    private static double field(String name) {
        List<String> lines;
        try {
            lines = Files.readAllLines(STATUS);
        } catch (IOException e) {
            return Double.NaN;
        }
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> 1024.0 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(Double.NaN);
    }
}
