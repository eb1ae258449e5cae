package io.blocksmith.simulate;

/** What passes the store. */
public enum Traffic {
    CHECKPOINTS,
    /** Hidden states between blocks. */
    STATES,
    /** Gradients that workers share. */
    EXCHANGE,
    /** Trained blocks, scales and exports. */
    RESULTS
}
