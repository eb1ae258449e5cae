package io.blocksmith.cluster;

import akka.actor.ExtendedActorSystem;
import io.blocksmith.cluster.wire.KryoSerializer;

/** The serializer of {@link WireTypes}; Akka makes one for each actor system, by {@code cluster.conf}. */
public final class MessageSerializer extends KryoSerializer {
    /** Stands on the wire before every message; never change it. */
    private static final int IDENTIFIER = 240711062;

    public MessageSerializer(ExtendedActorSystem system) {
        super(system, IDENTIFIER, WireTypes.SCHEMA);
    }
}
