package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder block as one TorchScript call: fused scaled-dot-product attention, SiLU and reciprocal square root, which
 * DJL's arrays lack. The source is written for one model shape; {@code bfloat16} computes the matrix products and the
 * attention in that format and keeps the residual stream and the norms in float32.
 */
public final class ScriptedBlock implements DecoderBlock, AutoCloseable {
    private final LlamaConfig config;
    private final RotaryTable rotary;
    private final Script script;

    private ScriptedBlock(LlamaConfig config, RotaryTable rotary, Script script) {
        this.config = config;
        this.rotary = rotary;
        this.script = script;
    }

    /** Compiles the block for sequences of the length of {@code rotary}. */
    public static ScriptedBlock compile(LlamaConfig config, RotaryTable rotary, boolean bfloat16, NDManager manager) {
        return new ScriptedBlock(config, rotary, Script.compile(manager, source(config, bfloat16)));
    }

    @Override
    public NDArray forward(NDArray x, BlockWeights weights) {
        List<Argument> arguments = new ArrayList<>(List.of(
                Argument.of(x),
                Argument.of(rotary.cosine()),
                Argument.of(rotary.sine()),
                Argument.of(weights.linears()),
                Argument.of(weights.norms())));
        if (config.attentionBias() || config.feedForwardBias()) {
            arguments.add(Argument.of(weights.biases()));
        }
        return script.call("block", arguments).head();
    }

    private static String source(LlamaConfig config, boolean bfloat16) {
        int shared = config.heads() / config.keyValueHeads();
        boolean biased = config.attentionBias() || config.feedForwardBias();
        Products products = new Products(config, bfloat16);
        String sharedHeads = shared == 1 ? "" : """
                k = (self).shared(k)
                v = (self).shared(v)
            """;
        return """
              def norm(self: __torch__.Functions, x: Tensor, gain: Tensor) -> Tensor:
                scale = torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), $EPSILON))
                return torch.mul(torch.mul(x, scale), gain)
              def rotate(self: __torch__.Functions, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
                a, b = torch.chunk(x, 2, -1)
                return torch.add(torch.mul(x, cosine), torch.mul(torch.cat([torch.neg(b), a], -1), sine))
              def heads(self: __torch__.Functions, x: Tensor, count: int) -> Tensor:
                n, t, width = torch.size(x)
                return torch.transpose(torch.view(x, [n, t, count, $HEAD_SIZE]), 1, 2)
              def shared(self: __torch__.Functions, x: Tensor) -> Tensor:
                n, h, t, d = torch.size(x)
                return torch.reshape(torch.expand(torch.unsqueeze(x, 2), [n, h, $SHARED, t, d]), [n, $HEADS, t, d])
              def block(self: __torch__.Functions, x: Tensor, cosine: Tensor, sine: Tensor, w: List[Tensor], g: List[Tensor]$BIASES) -> Tensor:
                n, t, h = torch.size(x)
                y = (self).norm(x, g[0])
                q = (self).rotate((self).heads($Q, $HEADS), cosine, sine)
                k = (self).rotate((self).heads($K, $KEY_VALUE_HEADS), cosine, sine)
                v = (self).heads($V, $KEY_VALUE_HEADS)
            $SHARE    a = $ATTENTION
                o = torch.reshape(torch.transpose(a, 1, 2), [n, t, $ATTENTION_WIDTH])
                x2 = torch.add(x, $O)
                y2 = (self).norm(x2, g[1])
                m = torch.mul(torch.silu($GATE), $UP)
                return torch.add(x2, $DOWN)
            """.replace("$EPSILON", Double.toString(config.normEpsilon()))
                .replace("$HEAD_SIZE", Integer.toString(config.headSize()))
                .replace("$SHARED", Integer.toString(shared))
                .replace("$HEADS", Integer.toString(config.heads()))
                .replace("$KEY_VALUE_HEADS", Integer.toString(config.keyValueHeads()))
                .replace("$ATTENTION_WIDTH", Long.toString(config.columns(Linear.O)))
                .replace("$ATTENTION", products.attention())
                .replace("$BIASES", biased ? ", b: List[Tensor]" : "")
                .replace("$SHARE", sharedHeads)
                .replace("$Q", products.of(Linear.Q, "y"))
                .replace("$K", products.of(Linear.K, "y"))
                .replace("$V", products.of(Linear.V, "y"))
                .replace("$O", products.of(Linear.O, "o"))
                .replace("$GATE", products.of(Linear.GATE, "y2"))
                .replace("$UP", products.of(Linear.UP, "y2"))
                .replace("$DOWN", products.of(Linear.DOWN, "m"));
    }

    /** Source of the matrix products, in float32 or in bfloat16 (ScalarType 15) with a float32 (6) result. */
    private record Products(LlamaConfig config, boolean bfloat16) {
        String of(Linear linear, String input) {
            String bias = config.hasBias(linear) ? "b[%d]".formatted(biasIndex(linear)) : "None";
            String weight = "w[%d]".formatted(linear.index());
            if (!bfloat16) {
                return "torch.linear(%s, %s, %s)".formatted(input, weight, bias);
            }
            String product = "torch.to(torch.linear(torch.to(%s, 15), torch.to(%s, 15)), 6)".formatted(input, weight);
            return bias.equals("None") ? product : "torch.add(%s, %s)".formatted(product, bias);
        }

        String attention() {
            String call =
                    "torch.scaled_dot_product_attention(%s, %s, %s, None, 0., True, scale=None, enable_gqa=False)";
            return bfloat16
                    ? "torch.to(%s, 6)"
                            .formatted(call.formatted("torch.to(q, 15)", "torch.to(k, 15)", "torch.to(v, 15)"))
                    : call.formatted("q", "k", "v");
        }

        private int biasIndex(Linear linear) {
            int index = 0;
            for (Linear before : Linear.values()) {
                if (before == linear) {
                    break;
                }
                index += config.hasBias(before) ? 1 : 0;
            }
            return index;
        }
    }

    @Override
    public void close() {
        script.close();
    }
}
