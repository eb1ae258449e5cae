package io.blocksmith.spec;

/** Number format of the block's matrix products; master weights, step sizes and losses are always float32. */
public enum Numerics {
    FLOAT32,
    BFLOAT16
}
