package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Without TLS a node is not where everybody is. */
class PlaintextPortTest {
    private static Config node(String transport, String canonical, String bound) {
        return ConfigFactory.parseString("""
            akka.remote.artery { transport = %s, canonical.hostname = "%s", bind.hostname = "%s" }
            """.formatted(transport, canonical, bound));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"127.0.0.1", "::1", "10.1.2.3", "172.16.0.9", "192.168.7.7", "169.254.1.1", "fd12::7", "fe80::1"
            })
    void privateAddressesAreAllowed(String host) {
        assertThatCode(() -> PlaintextPort.requirePrivate(node("tcp", host, ""), false))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:db8::1"})
    void othersAreRefusedUnlessSomebodySaysSo(String host) {
        assertThatThrownBy(() -> PlaintextPort.requirePrivate(node("tcp", host, ""), false))
                .hasMessageContaining("which is no private address")
                .hasMessageContaining("conf/cluster-tls.conf")
                .hasMessageContaining("cluster.plaintext = true");
        assertThatCode(() -> PlaintextPort.requirePrivate(node("tcp", host, ""), true))
                .doesNotThrowAnyException();
        assertThatCode(() -> PlaintextPort.requirePrivate(node("tls-tcp", host, ""), false))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({"8.8.8.8, 127.0.0.1, true", "127.0.0.1, 8.8.8.8, false"})
    void whereItListensCountsNotWhatItIsCalled(String canonical, String bound, boolean allowed) {
        if (allowed) {
            assertThatCode(() -> PlaintextPort.requirePrivate(node("tcp", canonical, bound), false))
                    .doesNotThrowAnyException();
        } else {
            assertThatThrownBy(() -> PlaintextPort.requirePrivate(node("tcp", canonical, bound), false))
                    .hasMessageContaining(bound);
        }
    }
}
