package io.blocksmith.cluster.wire;

import akka.actor.ExtendedActorSystem;

/** A message that carries one value of any registered type, so that what is no message itself can be tried. */
public record Carrier(Object content) implements Wire {

    /** A serializer of {@code schema} that can also take a carrier. */
    public static KryoSerializer serializer(ExtendedActorSystem system, WireSchema schema) {
        return new KryoSerializer(system, 41, schema.with(1_000_000, Carrier.class)) {};
    }
}
