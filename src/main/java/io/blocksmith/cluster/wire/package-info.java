/**
 * How a message becomes bytes between two JVMs of one cluster: Kryo, for registered records and enums only. It knows
 * no message; {@link io.blocksmith.cluster.WireTypes} lists them. Bytes from outside are taken as forged until
 * decoded: lengths are checked before anything is allocated, classes are never named, and whatever is wrong becomes a
 * {@link java.io.NotSerializableException}, which costs one message and no connection. Depends on Akka and Kryo.
 */
package io.blocksmith.cluster.wire;
