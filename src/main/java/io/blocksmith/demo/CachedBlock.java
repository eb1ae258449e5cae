package io.blocksmith.demo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import java.util.List;

/**
 * The decoder block for one more position of sequences whose keys and values are kept: what {@link
 * io.blocksmith.llama.ScriptedBlock} computes for the last position, without the work for those before. No biases.
 */
final class CachedBlock implements AutoCloseable {
    private static final String SOURCE = """
          def norm(self: __torch__.Functions, x: Tensor, gain: Tensor) -> Tensor:
            scale = torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), $EPSILON))
            return torch.mul(torch.mul(x, scale), gain)
          def rotate(self: __torch__.Functions, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
            a, b = torch.chunk(x, 2, -1)
            return torch.add(torch.mul(x, cosine), torch.mul(torch.cat([torch.neg(b), a], -1), sine))
          def heads(self: __torch__.Functions, x: Tensor, w: Tensor, count: int) -> Tensor:
            n, h = torch.size(x)
            return torch.view(torch.linear(x, w, None), [n, count, 1, $HEAD_SIZE])
          def shared(self: __torch__.Functions, x: Tensor) -> Tensor:
            n, h, t, d = torch.size(x)
            return torch.reshape(torch.expand(torch.unsqueeze(x, 2), [n, h, $SHARED, t, d]), [n, $HEADS, t, d])
          def step(self: __torch__.Functions, x: Tensor, cosine: Tensor, sine: Tensor, w: List[Tensor], g: List[Tensor], keys: Tensor, values: Tensor) -> List[Tensor]:
            n, h = torch.size(x)
            y = (self).norm(x, g[0])
            q = (self).rotate((self).heads(y, w[0], $HEADS), cosine, sine)
            k = torch.cat([keys, (self).rotate((self).heads(y, w[1], $KEY_VALUE_HEADS), cosine, sine)], 2)
            v = torch.cat([values, (self).heads(y, w[2], $KEY_VALUE_HEADS)], 2)
            a = torch.scaled_dot_product_attention(q, (self).shared(k), (self).shared(v), None, 0., False, scale=None, enable_gqa=False)
            x2 = torch.add(x, torch.linear(torch.reshape(a, [n, $ATTENTION_WIDTH]), w[3], None))
            y2 = (self).norm(x2, g[1])
            m = torch.mul(torch.silu(torch.linear(y2, w[4], None)), torch.linear(y2, w[5], None))
            return [torch.add(x2, torch.linear(m, w[6], None)), k, v]
        """;

    private final Script script;

    private CachedBlock(Script script) {
        this.script = script;
    }

    static CachedBlock compile(LlamaConfig config, NDManager manager) {
        String source = SOURCE.replace("$EPSILON", Double.toString(config.normEpsilon()))
                .replace("$HEAD_SIZE", Integer.toString(config.headSize()))
                .replace("$SHARED", Integer.toString(config.heads() / config.keyValueHeads()))
                .replace("$HEADS", Integer.toString(config.heads()))
                .replace("$KEY_VALUE_HEADS", Integer.toString(config.keyValueHeads()))
                .replace("$ATTENTION_WIDTH", Long.toString(config.columns(Linear.O)));
        return new CachedBlock(Script.compile(manager, source));
    }

    /**
     * One position on.
     *
     * @param x hidden states [n, H] of position t
     * @param cosine rotary cosines [1, D] of position t
     * @param sine rotary sines [1, D]
     * @param keys keys [n, key-value heads, t, D] of the positions before
     * @param values values of the same shape
     * @return hidden states after the block, keys and values with position t, owned by the caller's scope
     */
    NDList step(NDArray x, NDArray cosine, NDArray sine, BlockWeights weights, NDArray keys, NDArray values) {
        return script.call(
                "step",
                List.of(
                        Argument.of(x),
                        Argument.of(cosine),
                        Argument.of(sine),
                        Argument.of(weights.linears()),
                        Argument.of(weights.norms()),
                        Argument.of(keys),
                        Argument.of(values)));
    }

    @Override
    public void close() {
        script.close();
    }
}
