package io.blocksmith.cluster;

/** A message that may travel between JVMs; every one of them is registered with the serializer. */
interface Wire {}
