package io.blocksmith.cli;

import akka.actor.typed.ActorSystem;
import io.blocksmith.bench.DevicePeak;
import io.blocksmith.cluster.MemberWatch;
import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.metrics.AttemptMetrics;
import io.blocksmith.metrics.BuildInfo;
import io.blocksmith.metrics.ClusterMetrics;
import io.blocksmith.metrics.MetricsServer;
import io.blocksmith.metrics.RunMetrics;
import io.blocksmith.run.StageMeter;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.tensor.Compute;
import io.blocksmith.tensor.DeviceThread;
import io.prometheus.client.CollectorRegistry;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The metrics of this process, and their server where one is wanted. */
final class NodeMetrics implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeMetrics.class);

    private final Settings settings;
    private final String node;
    private final CollectorRegistry registry;
    private final Optional<MetricsServer> server;
    private final RunMetrics runs;
    private final ClusterMetrics cluster;

    private NodeMetrics(Settings settings, String node, CollectorRegistry registry, Optional<MetricsServer> server) {
        this.settings = settings;
        this.node = node;
        this.registry = registry;
        this.server = server;
        this.runs = new RunMetrics(registry, InstantSource.system(), System::nanoTime);
        this.cluster = new ClusterMetrics(registry);
        // Whoever is in no cluster sees no members.
        cluster.looked(Map.of(), 0);
    }

    /**
     * Begins to serve at {@code metrics.port}, unless that is 0.
     *
     * @param role {@code coordinator}, {@code worker} or {@code embedded}
     * @param node name of this process
     * @throws io.blocksmith.failure.BlocksmithException when the port is taken
     */
    static NodeMetrics start(Settings settings, String role, String node) {
        CollectorRegistry registry = new CollectorRegistry(true);
        BuildInfo.register(registry, version(), role, node);
        if (settings.metrics().port() == 0) {
            return new NodeMetrics(settings, node, registry, Optional.empty());
        }
        MetricsServer server = MetricsServer.start(
                settings.metrics().host(), settings.metrics().port(), registry);
        LOG.info("metrics at http://{}:{}/metrics", settings.metrics().host(), server.port());
        return new NodeMetrics(settings, node, registry, Optional.of(server));
    }

    /** Whether anybody can see it. */
    private boolean isServed() {
        return server.isPresent();
    }

    /** What measures a run that this process supervises; nothing where nobody can see it. */
    List<RunListener> supervised(ObjectStore store, Recipe recipe) {
        return isServed() ? List.of(new MeasuredRun(runs, store, recipe, System::nanoTime)) : List.of();
    }

    /** Counts calls of the webhook. */
    void notified(String run, boolean delivered) {
        runs.notified(run, delivered);
    }

    /** Counts the members of the cluster, as {@code system} sees them. */
    void watch(ActorSystem<?> system) {
        if (isServed()) {
            MemberWatch.start(system, members -> cluster.looked(members.counts(), members.unreachable()));
        }
    }

    /** Counts what attempts measure, and measures the device on its thread first; does neither where nobody can see it. */
    StageMeter attempts(Compute compute, DeviceThread thread) {
        if (!isServed()) {
            return StageMeter.NONE;
        }
        AttemptMetrics attempts =
                new AttemptMetrics(registry, node, settings.checkpoint().interval(), InstantSource.system());
        double peak = CompletableFuture.supplyAsync(
                        () -> DevicePeak.measure(compute.manager(), System::nanoTime), thread)
                .join();
        attempts.devicePeak(peak);
        return attempts;
    }

    private static String version() {
        return Objects.requireNonNullElse(NodeMetrics.class.getPackage().getImplementationVersion(), "development");
    }

    @Override
    public void close() {
        server.ifPresent(MetricsServer::close);
    }
}
