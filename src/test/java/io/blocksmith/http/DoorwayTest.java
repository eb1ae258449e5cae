package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that say nothing, or a byte now and then, keep nobody from being answered. */
class DoorwayTest {
    @TempDir
    Path folder;

    private final List<Socket> open = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket socket : open) {
            socket.close();
        }
    }

    private Socket trickling(TestServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        open.add(socket);
        socket.setSoTimeout(60_000);
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\nX: y".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static boolean isClosed(Socket socket) throws IOException {
        try {
            // An answer that tells the end of the time may come first.
            while (socket.getInputStream().read() >= 0) {
                Thread.onSpinWait();
            }
            return true;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void newOnesAreAnsweredWhileManyMoreThanAreLetInSayNothing() throws IOException {
        try (TestServer server = TestServer.over(folder, new Doorway.Limits(40, 10, Duration.ofHours(1)))) {
            for (int i = 0; i < 200; i++) {
                trickling(server);
                if (i % 40 == 39) {
                    assertThat(server.get("/health/alive").statusCode()).isEqualTo(200);
                }
            }
            assertThat(isClosed(open.getFirst())).as("the oldest had to go").isTrue();
            assertThat(server.server().guests()).isLessThanOrEqualTo(40);
        }
    }

    @Test
    void aRequestThatDoesNotComeInTimeIsNotWaitedFor() throws IOException {
        try (TestServer server = TestServer.over(folder, new Doorway.Limits(40, 40, Duration.ofMillis(200)))) {
            Socket silent = trickling(server);
            assertThat(isClosed(silent)).isTrue();
            Awaited.that("nobody is there", () -> server.server().guests() == 0);
            assertThat(server.get("/health/alive").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aConnectionServesOneRequest() {
        try (TestServer server = TestServer.over(folder)) {
            assertThat(server.get("/health/alive").headers().firstValue("connection"))
                    .contains("close");
            Awaited.that("nobody is there", () -> server.server().guests() == 0);
        }
    }
}
