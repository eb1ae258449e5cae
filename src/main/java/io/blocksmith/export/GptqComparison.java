package io.blocksmith.export;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;

/** Compares what a {@link GptqDecoder} reads with what was trained. */
final class GptqComparison implements ExportSource.Visitor {
    private final ExportSource source;
    private final GptqDecoder decoder;
    private final Checkpoint written;

    GptqComparison(ExportSource source, GptqDecoder decoder) {
        this.source = source;
        this.decoder = decoder;
        this.written = decoder.checkpoint();
    }

    /** Compares settings, entries and every element; the first difference is a DEFECT. */
    void run() {
        requireSettings();
        Difference.requireEntries(written, GptqExport.tensors(source, new GptqLayout(source.grid())));
        source.walk(this);
    }

    private void requireSettings() {
        Quantization grid = source.grid();
        GptqSettings expected = new GptqSettings(grid.bits(), grid.groupSize(), grid.symmetric(), grid.symmetric());
        if (!decoder.settings().equals(expected)) {
            throw BlocksmithException.defect(
                    "%s: quantization_config: expected %s, found %s", written.folder(), expected, decoder.settings());
        }
    }

    @Override
    public void plain(FloatTensor tensor) {
        tensor.verify(written, TensorType.F16);
    }

    @Override
    public void linear(PackedLinear linear) {
        compareGroups(linear);
        // Once more what requireEntries checked, now by the decoder's own arithmetic.
        decoder.requireLinear(linear.name(), linear.rows(), linear.columns());
        compareZeroPoints(linear);
        compareStepSizes(linear);
        compareCodes(linear);
    }

    private void compareGroups(PackedLinear linear) {
        int[] found = decoder.groupOfColumns(linear.name());
        for (int column = 0; column < found.length; column++) {
            int expected = column / linear.groupColumns();
            if (found[column] != expected) {
                throw Difference.of(
                        written, linear.name() + ".g_idx", "[%d]".formatted(column), expected, found[column]);
            }
        }
    }

    private void compareZeroPoints(PackedLinear linear) {
        byte[] expected = linear.zeroPoints();
        int[] found = decoder.zeroPoints(linear.name());
        for (int i = 0; i < expected.length; i++) {
            if (Byte.toUnsignedInt(expected[i]) != found[i]) {
                throw Difference.of(
                        written,
                        linear.name() + ".qzeros",
                        ofGroup(linear, i),
                        Byte.toUnsignedInt(expected[i]),
                        found[i]);
            }
        }
    }

    private void compareStepSizes(PackedLinear linear) {
        float[] stepSizes = linear.stepSizes();
        float[] found = decoder.stepSizes(linear.name());
        for (int i = 0; i < stepSizes.length; i++) {
            float expected = Float.float16ToFloat(GptqLayout.half(stepSizes[i]));
            if (expected != found[i]) {
                throw Difference.of(written, linear.name() + ".scales", ofGroup(linear, i), expected, found[i]);
            }
        }
    }

    /** Where element {@code i} of [N, G] lies in the stored [G, N]. */
    private static String ofGroup(PackedLinear linear, int i) {
        return "[%d, %d]".formatted(i % linear.groups(), i / linear.groups());
    }

    private void compareCodes(PackedLinear linear) {
        linear.codes((firstRow, rows, expected) -> {
            byte[] found = new byte[expected.length];
            decoder.codes(linear.name(), firstRow, found);
            int columns = linear.columns();
            for (int i = 0; i < found.length; i++) {
                if (expected[i] != found[i]) {
                    String element = "[%d, %d] of the codes".formatted(i % columns, firstRow + i / columns);
                    throw Difference.of(
                            written,
                            linear.name() + ".qweight",
                            element,
                            Byte.toUnsignedInt(expected[i]),
                            Byte.toUnsignedInt(found[i]));
                }
            }
        });
    }
}
