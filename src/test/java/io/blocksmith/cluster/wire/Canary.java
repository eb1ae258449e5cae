package io.blocksmith.cluster.wire;

/** A class that nobody registered. That it was as much as initialised shows in a system property. */
final class Canary implements Wire {
    static final String SUNG = "blocksmith.test.canary";

    static {
        System.setProperty(SUNG, "initialised");
    }

    Canary() {
        System.setProperty(SUNG, "instantiated");
    }
}
