package io.blocksmith.packed;

import ai.djl.ndarray.NDArray;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import java.util.List;

/** One trained block with frozen codes, as E2E-QP and evaluation hold it in memory. */
public record PackedBlock(List<PackedWeight> linears, List<NDArray> biases, List<NDArray> norms) {
    public PackedBlock {
        linears = List.copyOf(linears);
        biases = List.copyOf(biases);
        norms = List.copyOf(norms);
    }

    /** The block's float32 weights, the linears owned by the caller's scope. */
    public BlockWeights unpack(Packer packer) {
        return new BlockWeights(linears.stream().map(packer::unpack).toList(), biases, norms);
    }
}
