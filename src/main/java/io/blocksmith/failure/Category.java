package io.blocksmith.failure;

/** What kind of failure it is, which decides who acts: a person, or the run's failure policy. */
public enum Category {
    /** The input is wrong: a key, a file, a tensor. The user changes it. */
    USER,
    /** The machine is wrong: no permission, no device. The operator changes it. */
    ENVIRONMENT,
    /** The same attempt may succeed later or elsewhere. */
    TRANSIENT,
    /** A loss, gradient or weight is NaN or infinite. */
    NOT_FINITE,
    /** The device has too little memory for what the attempt computes at once. */
    DEVICE_MEMORY,
    /** The store has no room for an object. */
    STORE_FULL,
    /** The store does not answer, or refuses writes for now. */
    STORE_UNAVAILABLE,
    /** An attempt has not moved for longer than its work explains. */
    HUNG,
    /** The worker is gone: killed, cut off, or started anew without the attempt. */
    WORKER_LOST,
    /** A finished object is torn or rotten; the stage that left it has to leave it again. */
    DAMAGED,
    /** Blocksmith is wrong. */
    DEFECT
}
