package io.blocksmith.cli;

import io.blocksmith.cluster.ClusterNode;
import io.blocksmith.cluster.Discovery;
import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that make a node of a cluster. */
final class NodeOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            required = true,
            description = {
                "Settings in HOCON: sections cluster, patience, checkpoint, compute, s3,",
                "metrics, http, webhook and akka."
            })
    private Path file;

    @Option(names = "--port", paramLabel = "N", description = "TCP port of this node (cluster.port).")
    private Integer port;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One key, over the file; repeatable, the last one counts.")
    private List<String> assignments = new ArrayList<>();

    @Mixin
    private ServingOptions serving = new ServingOptions();

    /** The settings; {@code flags} are options of the command that are keys. */
    Settings load(Map<String, String> flags) {
        Map<String, String> all = new LinkedHashMap<>(flags);
        all.putAll(serving.flags());
        if (port != null) {
            all.put("cluster.port", port.toString());
        }
        return SettingsLoader.load(Optional.of(file), assignments, all);
    }

    static ClusterNode.Address address(Settings settings) {
        Settings.Cluster cluster = settings.cluster();
        Discovery discovery = switch (cluster.discovery()) {
            case SEEDS -> new Discovery.Seeds(cluster.seeds());
            case KUBERNETES -> new Discovery.Kubernetes();
        };
        return new ClusterNode.Address(
                cluster.name(), cluster.host(), cluster.port(), cluster.plaintext(), discovery, settings.akka());
    }
}
