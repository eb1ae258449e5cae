package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.cluster.ClusterEvent.MemberEvent;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom a cluster under conf/cluster-tls.conf lets in. The refused ones give up after a few tries and end. */
class ClusterTlsTest {
    @TempDir
    private static Path folder;

    private static Certificates certificates;
    private static Certificates others;
    private static final Nodes NODES = new Nodes();
    private static ActorSystem<MemberEvent> seed;

    @BeforeAll
    static void startTheSeed() throws Exception {
        certificates = new Certificates(Files.createDirectory(folder.resolve("ours")));
        others = new Certificates(Files.createDirectory(folder.resolve("others")));
        seed = NODES.start(certificates.layer(certificates.signed("seed")));
        NODES.join(seed, seed);
        NODES.awaitUp(seed, seed);
    }

    @AfterAll
    static void shutDown() {
        NODES.close();
    }

    @Test
    void aNodeWithACertificateOfTheAuthorityJoins() {
        Config layer = certificates.layer(certificates.signed("member"));
        ActorSystem<MemberEvent> member = NODES.start(layer);
        NODES.join(member, seed);
        NODES.awaitUp(seed, seed, member);
        NODES.awaitUp(member, seed, member);
        leave(member);
    }

    @Test
    void aNodeWithoutACertificateIsRefused() {
        assertRefused(certificates.layer(certificates.trust()));
    }

    @Test
    void aNodeWithItsOwnCertificateIsRefused() {
        assertRefused(certificates.layer(certificates.selfSigned("stranger")));
    }

    /** It trusts ours, so that only we can refuse. */
    @Test
    void aNodeOfAnotherAuthorityIsRefused() {
        assertRefused(certificates.layer(others.signed("foreigner")));
    }

    @Test
    void aNodeThatSpeaksPlainTextIsRefused() {
        assertRefused(ConfigFactory.empty());
    }

    @Test
    void theSeedTellsAPeerWithoutACertificateThatOneIsRequired() throws Exception {
        try (SSLSocket peer = peer()) {
            peer.startHandshake();
            assertThat(peer.getSession().getProtocol()).isEqualTo("TLSv1.3");
            // With TLS 1.3 the client is through before the server has looked at its certificate.
            assertThatThrownBy(() -> peer.getInputStream().read())
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("certificate_required");
        }
    }

    @Test
    void theSeedSpeaksNoOlderTls() throws Exception {
        try (SSLSocket peer = peer()) {
            peer.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThatThrownBy(peer::startHandshake)
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("protocol_version");
        }
    }

    /** Connected to the seed, trusts it, has no certificate. */
    private static SSLSocket peer() throws GeneralSecurityException, IOException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(certificates.trusted());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return (SSLSocket) context.getSocketFactory()
                .createSocket("127.0.0.1", Nodes.address(seed).getPort().orElseThrow());
    }

    private static void assertRefused(Config layer) {
        ActorSystem<MemberEvent> refused = NODES.start(Nodes.GIVES_UP, layer);
        NODES.join(refused, seed);
        Nodes.awaitEnd(refused);
        assertThat(NODES.everSeen(seed)).doesNotContain(Nodes.address(refused));
        // The seed has taken no harm.
        ActorSystem<MemberEvent> member = NODES.start(certificates.layer(folder.resolve("ours/seed.p12")));
        NODES.join(member, seed);
        NODES.awaitUp(seed, seed, member);
        leave(member);
    }

    private static void leave(ActorSystem<MemberEvent> member) {
        member.terminate();
        NODES.awaitUp(seed, seed);
    }
}
