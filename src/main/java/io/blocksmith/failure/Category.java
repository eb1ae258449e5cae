package io.blocksmith.failure;

/** Who has to act on a failure; only {@link #TRANSIENT} is ever retried without a person. */
public enum Category {
    /** The input is wrong: a key, a file, a tensor. The user changes it. */
    USER,
    /** The machine is wrong: no room, no permission, no device. The operator changes it. */
    ENVIRONMENT,
    /** The same attempt may succeed later or elsewhere. */
    TRANSIENT,
    /** Blocksmith is wrong. */
    DEFECT
}
