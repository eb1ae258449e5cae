package io.blocksmith.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options that make a process serve something while it works. */
final class ServingOptions {
    @Option(
            names = "--metrics-port",
            paramLabel = "N",
            description = "Serve metrics for Prometheus at this TCP port (metrics.port).")
    private Integer metricsPort;

    /** Those that are given, by key. */
    Map<String, String> flags() {
        Map<String, String> flags = new LinkedHashMap<>();
        if (metricsPort != null) {
            flags.put("metrics.port", metricsPort.toString());
        }
        return flags;
    }
}
