package io.blocksmith.llama;

/** The seven linear projections of a decoder block, in the order in which the forward pass meets them. */
public enum Linear {
    Q("self_attn.q_proj"),
    K("self_attn.k_proj"),
    V("self_attn.v_proj"),
    O("self_attn.o_proj"),
    GATE("mlp.gate_proj"),
    UP("mlp.up_proj"),
    DOWN("mlp.down_proj");

    private final String module;

    Linear(String module) {
        this.module = module;
    }

    /** Position in lists of a block's linears. */
    @SuppressWarnings("EnumOrdinal") // The order of the constants is this index, by definition.
    public int index() {
        return ordinal();
    }

    /** Name below {@code model.layers.N} in a checkpoint. */
    public String module() {
        return module;
    }
}
