package io.blocksmith.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Network namespaces on one bridge, which can be cut off one by one; they share the file system. Needs root and {@code
 * ip}. Names and addresses carry this process's id, so that several builds on one machine do not meet.
 */
final class Hosts implements AutoCloseable {
    /** The kernel takes its time to forget the names of those before. */
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String id = Long.toHexString(ProcessHandle.current().pid()) + (char) ('g' + COUNT.getAndIncrement());
    private final String bridge = "bsb" + id;
    private final String network;
    private final List<String> namespaces = new ArrayList<>();
    private final Thread lastResort = new Thread(this::remove);

    /** What this needs is not there, or not allowed. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    private Hosts() {
        long pid = ProcessHandle.current().pid();
        this.network = "10.%d.%d.".formatted(100 + pid % 100, pid / 100 % 250);
    }

    /** Makes {@code count} hosts. */
    static Hosts create(int count) throws Refused {
        Hosts hosts = new Hosts();
        Runtime.getRuntime().addShutdownHook(hosts.lastResort);
        try {
            hosts.run("link", "add", hosts.bridge, "type", "bridge");
            hosts.run("link", "set", hosts.bridge, "up");
            for (int host = 0; host < count; host++) {
                hosts.add(host);
            }
            return hosts;
        } catch (Refused refused) {
            hosts.close();
            throw refused;
        }
    }

    private void add(int host) throws Refused {
        String namespace = "bs%s-%d".formatted(id, host);
        run("netns", "add", namespace);
        namespaces.add(namespace);
        run("link", "add", link(host), "type", "veth", "peer", "name", "eth0", "netns", namespace);
        run("link", "set", link(host), "master", bridge, "up");
        run("-n", namespace, "addr", "add", address(host) + "/24", "dev", "eth0");
        run("-n", namespace, "link", "set", "eth0", "up");
        run("-n", namespace, "link", "set", "lo", "up");
    }

    private String link(int host) {
        return "bsv%s%d".formatted(id, host);
    }

    String address(int host) {
        return network + (host + 1);
    }

    /** What stands before a command that is to run on {@code host}. */
    List<String> on(int host) {
        return List.of("ip", "netns", "exec", namespaces.get(host));
    }

    void cut(int host) {
        set(host, "down");
    }

    void heal(int host) {
        set(host, "up");
    }

    private void set(int host, String state) {
        try {
            run("link", "set", link(host), state);
        } catch (Refused refused) {
            throw new IllegalStateException(refused);
        }
    }

    private void run(String... arguments) throws Refused {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new Refused("%s: %s".formatted(String.join(" ", command), said.strip()));
            }
        } catch (IOException e) {
            throw new Refused("no network namespaces without iproute2: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void remove() {
        for (int host = 0; host < namespaces.size(); host++) {
            removeQuietly("link", "del", link(host));
            removeQuietly("netns", "del", namespaces.get(host));
        }
        removeQuietly("link", "del", bridge);
    }

    private void removeQuietly(String... arguments) {
        try {
            run(arguments);
        } catch (Refused gone) {
            // There is nothing to remove.
            return;
        }
    }

    @Override
    public void close() {
        remove();
        Runtime.getRuntime().removeShutdownHook(lastResort);
    }
}
