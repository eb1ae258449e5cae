package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorSystem;
import akka.cluster.ClusterEvent.MemberEvent;
import akka.remote.artery.tcp.TcpFraming;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whoever sends what is no frame to a remoting port keeps no thread busy, takes no memory and keeps nobody out. */
class ForgedFramesTest {
    private final Nodes nodes = new Nodes();

    @AfterEach
    void close() {
        nodes.close();
    }

    private static void send(int port, byte[] bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            // The node ends the connection, which is seen as the end of what it sends, or as a reset.
            try {
                while (socket.getInputStream().read() >= 0) {
                    Thread.onSpinWait();
                }
            } catch (IOException reset) {
                assertThat(reset).hasMessageContaining("reset");
            }
        }
    }

    private static byte[] frame(String magic, int stream, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(17).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(magic.getBytes(StandardCharsets.US_ASCII))
                .put((byte) stream)
                .putInt(length)
                .putLong(0);
        return bytes.array();
    }

    @ParameterizedTest
    @CsvSource({"AKKA, 3, -4", "AKKA, 1, -2147483648", "AKKA, 2, 2147483647", "AKKA, 1, 0", "GET , 47, 1"})
    void theConnectionEndsAndAnotherNodeIsLetIn(String magic, int stream, int length) throws IOException {
        ActorSystem<MemberEvent> node = nodes.start();
        int port = Nodes.address(node).getPort().get();
        for (int i = 0; i < 20; i++) {
            send(port, frame(magic.length() < 4 ? magic + " " : magic, stream, length));
        }
        assertThat(spinning()).as("threads inside of the framing").isZero();

        ActorSystem<MemberEvent> other = nodes.start();
        nodes.join(node, node);
        nodes.join(other, node);
        nodes.awaitUp(node, node, other);
    }

    /** Threads that are cutting frames at this moment, though nobody sends any. */
    private static long spinning() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.dumpAllThreads(false, false))
                .filter(thread -> thread.getThreadState() == Thread.State.RUNNABLE)
                .filter(thread -> Arrays.stream(thread.getStackTrace())
                        .anyMatch(call -> call.getClassName().startsWith("akka.remote.artery.tcp.TcpFraming")))
                .count();
    }

    /** Our class is found, not Akka's, and Akka is the one for which it was written. */
    @Test
    void theFramingIsOurs() {
        assertThat(TcpFraming.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .doesNotContain("akka-remote");
        assertThat(akka.Version.current()).isEqualTo("2.8.5");
        assertThat(ConfigFactory.parseResources("cluster.conf")
                        .resolveWith(ConfigFactory.parseMap(Map.of()))
                        .getBytes("akka.remote.artery.advanced.maximum-frame-size"))
                .isLessThan((long) TcpFraming.LARGEST);
    }
}
