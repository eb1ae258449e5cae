package io.blocksmith.metrics;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

/** Serves {@code /metrics} of one process, those of the JVM included, on a port and threads of its own. */
public final class MetricsServer implements AutoCloseable {
    static {
        // Read by the JDK's server when it is first used. Without them, whoever sends a byte now and then holds a
        // connection, and so a thread, for good.
        limit("sun.net.httpserver.maxReqTime", 10);
        limit("sun.net.httpserver.maxRspTime", 60);
        limit("sun.net.httpserver.maxReqHeaders", 64);
        limit("jdk.httpserver.maxConnections", 512);
    }

    private static void limit(String property, int value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, Integer.toString(value));
        }
    }

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
            // A thread for each connection: those that wait for a slow one's bytes keep nobody else.
            return new MetricsServer(new HTTPServer.Builder()
                    .withInetSocketAddress(address)
                    .withRegistry(registry)
                    .withDaemonThreads(true)
                    .withExecutorService(Executors.newVirtualThreadPerTaskExecutor())
                    .build());
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
