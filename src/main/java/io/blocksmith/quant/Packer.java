package io.blocksmith.quant;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import java.util.ArrayList;
import java.util.List;

/** Codes to bit planes ({@link CodePlanes}) and back to W^ on the device, and the gradient of E2E-QP through them. */
public final class Packer implements AutoCloseable {
    private static final String UNPACK_AND_GRADIENTS = """
          def unpack(self: __torch__.Functions, planes: List[Tensor], s: Tensor, z: Tensor, count: Tensor) -> Tensor:
            c = torch.slice((self).codes(planes), 0, 0, int(count))
            v = torch.to(torch.reshape(c, [torch.size(s, 0), -1]), 6)
            v = torch.sub_(v, torch.clamp(torch.round(z), 0, $Q))
            return torch.mul_(v, torch.clamp(s, $LEAST_STEP, $LARGEST_STEP))
          def gradients(self: __torch__.Functions, g: Tensor, w: Tensor, s: Tensor) -> List[Tensor]:
            se = torch.clamp(s, $LEAST_STEP, $LARGEST_STEP)
            gr = torch.reshape(g, [torch.size(s, 0), -1])
            wr = torch.reshape(w, torch.size(gr))
            ds = torch.div_(torch.sum(torch.mul(gr, wr), [1], True), se)
            dz = torch.neg_(torch.mul_(torch.sum(gr, [1], True), se))
            return [ds, dz]
        """;

    private final int planes;
    private final NDManager manager;
    private final Script script;

    public Packer(Quantization grid, NDManager manager) {
        List<Integer> widths = CodePlanes.widths(grid.bits());
        this.planes = widths.size();
        this.manager = manager;
        StringBuilder source = new StringBuilder();
        for (int plane = 0; plane < planes; plane++) {
            source.append(planeMethods(plane, widths));
        }
        source.append(codesMethod(widths));
        source.append(StepSizes.in(UNPACK_AND_GRADIENTS.replace("$Q", Integer.toString(grid.maxCode()))));
        this.script = Script.compile(manager, source.toString());
    }

    /** {@code pack<p>} takes one plane out of codes, {@code plane<p>} gives its part of the codes back. */
    private static String planeMethods(int plane, List<Integer> widths) {
        int width = widths.get(plane);
        int low = widths.subList(0, plane).stream().mapToInt(Integer::intValue).sum();
        String packed = "torch.select(c, 1, 0)";
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < 8 / width; i++) {
            if (i > 0) {
                String moved = "torch.bitwise_left_shift(torch.select(c, 1, %d), %d)".formatted(i, i * width);
                packed = "torch.bitwise_or(%s, %s)".formatted(packed, moved);
            }
            parts.add("torch.bitwise_and(torch.bitwise_right_shift(p, %d), %d)".formatted(i * width, (1 << width) - 1));
        }
        return """
              def pack$PLANE(self: __torch__.Functions, codes: Tensor) -> Tensor:
                c = torch.bitwise_and(torch.bitwise_right_shift(torch.reshape(codes, [-1]), $LOW), $MASK)
                missing = torch.remainder(torch.neg(torch.numel(c)), $PER_BYTE)
                c = torch.reshape(torch.constant_pad_nd(c, [0, missing], 0), [-1, $PER_BYTE])
                return $PACKED
              def plane$PLANE(self: __torch__.Functions, p: Tensor) -> Tensor:
                c = torch.reshape(torch.stack([$PARTS], 1), [-1])
                return torch.bitwise_left_shift(c, $LOW)
            """.replace("$PLANE", Integer.toString(plane))
                .replace("$LOW", Integer.toString(low))
                .replace("$MASK", Integer.toString((1 << width) - 1))
                .replace("$PER_BYTE", Integer.toString(8 / width))
                .replace("$PACKED", packed)
                .replace("$PARTS", String.join(", ", parts));
    }

    /** {@code codes} joins the planes. A later plane may be longer by its padding. */
    private static String codesMethod(List<Integer> widths) {
        String body = widths.size() == 1 ? "    return c\n" : """
                high = torch.slice((self).plane1(planes[1]), 0, 0, torch.numel(c))
                return torch.bitwise_or(torch.slice(c, 0, 0, torch.numel(high)), high)
            """;
        return """
              def codes(self: __torch__.Functions, planes: List[Tensor]) -> Tensor:
                c = (self).plane0(planes[0])
            """ + body;
    }

    /** The planes of {@code codes} [N, K], unsigned bytes. */
    public List<NDArray> pack(NDArray codes) {
        List<NDArray> packed = new ArrayList<>();
        for (int plane = 0; plane < planes; plane++) {
            packed.add(script.call("pack" + plane, List.of(Argument.of(codes))).head());
        }
        return packed;
    }

    /** W^ [N, K] of a packed weight. */
    public NDArray unpack(PackedWeight weight) {
        NDArray count = manager.create(weight.rows() * weight.columns());
        NDList groups = script.call(
                "unpack",
                List.of(
                        Argument.of(weight.planes()),
                        Argument.of(weight.stepSize()),
                        Argument.of(weight.zeroPoint()),
                        Argument.of(count)));
        count.close();
        return groups.head().reshape(weight.rows(), weight.columns());
    }

    /**
     * Gradients by s and z with frozen codes: {@code ds = sum G * (code - z)}, {@code dz = sum -G * s}.
     *
     * @param outer G = dL/dW^ [N, K]
     * @param unpacked W^ [N, K]; {@code code - z} is W^ / s
     * @return ds and dz, [R, 1]
     */
    public NDList gradients(PackedWeight weight, NDArray outer, NDArray unpacked) {
        return script.call(
                "gradients", List.of(Argument.of(outer), Argument.of(unpacked), Argument.of(weight.stepSize())));
    }

    @Override
    public void close() {
        script.close();
    }
}
