package io.blocksmith.metrics;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Reason;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.net.InetSocketAddress;

/** Serves {@code /metrics} of one process, those of the JVM included, on a port and threads of its own. */
public final class MetricsServer implements AutoCloseable {
    private final HTTPServer server;

    private MetricsServer(HTTPServer server) {
        this.server = server;
    }

    /**
     * Serves {@code registry}.
     *
     * @param port 0 for any free one
     * @throws BlocksmithException ENVIRONMENT when nobody can listen there
     */
    public static MetricsServer start(String host, int port, CollectorRegistry registry) {
        DefaultExports.register(registry);
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw BlocksmithException.user(
                    "metrics.host = %s: no such host; use a name or address of this machine", host);
        }
        try {
            return new MetricsServer(new HTTPServer(address, registry, true));
        } catch (IOException e) {
            throw BlocksmithException.environment(
                    e,
                    "metrics.port = %d: cannot listen at %s:%d: %s; choose another port, or 0 for no metrics",
                    port,
                    host,
                    port,
                    Reason.of(e));
        }
    }

    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.close();
    }
}
