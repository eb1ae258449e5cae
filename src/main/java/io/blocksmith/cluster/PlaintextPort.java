package io.blocksmith.cluster;

import com.typesafe.config.Config;
import io.blocksmith.failure.BlocksmithException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a remoting port without TLS may listen. Whoever reaches it is a node: it can submit, stop and forge. So it stays
 * with addresses that the internet does not route, unless somebody says otherwise.
 */
final class PlaintextPort {
    private PlaintextPort() {}

    /**
     * Refuses a node whose port anybody could reach.
     *
     * @param node all of a node's Akka settings
     * @param allowed whether {@code cluster.plaintext} says so
     * @throws BlocksmithException USER, with what to do
     */
    static void requirePrivate(Config node, boolean allowed) {
        if (allowed || !node.getString("akka.remote.artery.transport").equals("tcp")) {
            return;
        }
        String bound = node.hasPath("akka.remote.artery.bind.hostname")
                ? node.getString("akka.remote.artery.bind.hostname")
                : "";
        String host = bound.isEmpty() ? node.getString("akka.remote.artery.canonical.hostname") : bound;
        for (InetAddress address : listening(host)) {
            if (!isPrivate(address)) {
                throw BlocksmithException.user(
                        "cluster.host = %s: without TLS the port would listen at %s, which is no private address:"
                            + " whoever reaches it is a node of the cluster; include conf/cluster-tls.conf, or allow"
                            + " it with cluster.plaintext = true",
                        host, address.getHostAddress());
            }
        }
    }

    /** Every address that a server at {@code host} listens at; none when it cannot be known, which Akka tells better. */
    private static List<InetAddress> listening(String host) {
        try {
            InetAddress named = InetAddress.getByName(host);
            if (!named.isAnyLocalAddress()) {
                return List.of(named);
            }
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .toList();
        } catch (UnknownHostException | SocketException unknown) {
            return Stream.<InetAddress>empty().toList();
        }
    }

    static boolean isPrivate(InetAddress address) {
        boolean unique = address instanceof Inet6Address && (address.getAddress()[0] & 0xFE) == 0xFC;
        return address.isLoopbackAddress() || address.isSiteLocalAddress() || address.isLinkLocalAddress() || unique;
    }
}
