package io.blocksmith.cluster.wire;

/**
 * A message that may leave its JVM. Without this marker Akka finds no serializer and refuses to send; with it, the
 * message and everything in it must be in {@link io.blocksmith.cluster.WireTypes}, which a test sees to.
 */
public interface Wire {}
