package io.blocksmith;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/**
 * TCP ports that nobody listens at, below those that the system hands out by itself. One of these could become the near end
 * of anybody's connection before the process that it is meant for listens, or while that process is started again.
 */
public final class FreePort {
    private static final int LOWEST = 10_000;
    private static final int TRIES = 1000;
    private static final Path HANDED_OUT = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Random RANDOM = new SecureRandom();
    private static final Set<Integer> FOUND = new HashSet<>();

    private FreePort() {}

    /** A port that was not found before. */
    public static synchronized int find() {
        int end = end();
        IOException last = null;
        for (int tries = 0; tries < TRIES; tries++) {
            try (ServerSocket socket = new ServerSocket(end > LOWEST ? RANDOM.nextInt(LOWEST, end) : 0)) {
                if (FOUND.add(socket.getLocalPort())) {
                    return socket.getLocalPort();
                }
            } catch (IOException taken) {
                last = taken;
            }
        }
        throw new AssertionError("no free port in %d tries".formatted(TRIES), last);
    }

    /** The first port that the system hands out, or 0 where that is not known. */
    private static int end() {
        if (!Files.isReadable(HANDED_OUT)) {
            return 0;
        }
        // Read at once: the kernel tells nothing more to whoever has begun with a part.
        try (BufferedReader reader = Files.newBufferedReader(HANDED_OUT)) {
            return Integer.parseInt(reader.readLine().strip().split("\\s+")[0]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
