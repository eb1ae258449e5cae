package io.blocksmith.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.report.ReportData.Block;
import io.blocksmith.report.ReportData.EndToEnd;
import io.blocksmith.report.ReportData.Failure;
import io.blocksmith.report.ReportData.LossPoint;
import io.blocksmith.report.ReportData.Model;
import io.blocksmith.report.ReportData.Perplexity;
import io.blocksmith.report.ReportData.Repair;
import io.blocksmith.report.ReportData.Size;
import io.blocksmith.report.ReportData.StageCost;
import io.blocksmith.report.ReportData.Stop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Invented reports. Its {@code main} writes one into a folder, to look at the page after a change of the template. */
final class SampleReport {
    private SampleReport() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        int blocks = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8;
        new ReportFiles(folder).write(blocks > 0 ? full(blocks) : bare("unfinished"));
    }

    /** A finished run with every part filled. */
    static ReportData full(int blocks) {
        return new ReportData(
                ReportData.VERSION,
                "0.1.0",
                "stories-2bit",
                "2026-11-21T10:15:30Z",
                new Model(
                        "models/stories-1m",
                        "LlamaForCausalLM",
                        1_340_000,
                        blocks,
                        128,
                        List.of("model.layers.8: its 9 tensors are not used, num_hidden_layers is 8")),
                recipe(),
                IntStream.range(0, blocks).mapToObj(SampleReport::block).toList(),
                new EndToEnd(73.4, 512L << 20, curve(96, 2.4, 2.02), validation(96, 2.38, 2.05)),
                List.of(
                        new Perplexity("full-precision", 3.5904, 51_000, 256, 200, "text/valid.jsonl"),
                        new Perplexity("round-to-nearest", 448.2, 51_000, 256, 200, "text/valid.jsonl"),
                        new Perplexity("block-ap", 8.316, 51_000, 256, 200, "text/valid.jsonl"),
                        new Perplexity("end-to-end", 7.56, 51_000, 256, 200, "text/valid.jsonl")),
                List.of(
                        new Size("full precision", 2_680_000, "models/stories-1m"),
                        new Size("gptq", 512_345, "runs/stories-2bit/export/gptq"),
                        new Size("dequantized", 5_360_000, "runs/stories-2bit/export/dequantized")),
                stages(blocks),
                List.of(new Failure(
                        "block-003",
                        1,
                        "node-7/gpu0",
                        "not finite",
                        "block 3, step 412: the loss is NaN",
                        "2026-11-21T09:58:12Z",
                        412,
                        List.of(0.0214, 0.0361, 1.8),
                        1,
                        1)),
                null,
                Map.of("java", "25.0.3", "threads", "2", "processor", "x86_64, 2 cores", "libtorch", "2.7.1 (CPU)"));
    }

    /** A run that measured nothing but a few numbers, some of them not numbers. */
    static ReportData bare(String run) {
        return new ReportData(
                ReportData.VERSION,
                "0.1.0",
                run,
                "2026-11-21T10:15:30Z",
                new Model("models/tiny", "LlamaForCausalLM", 0, 1, 64, List.of()),
                null,
                List.of(new Block(0, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN, 0, 1, null, null, null)),
                null,
                List.of(new Perplexity("block-ap", Double.POSITIVE_INFINITY, 0, 256, 0, "valid.txt")),
                null,
                List.of(new StageCost("block-000", Double.NaN, 0, 1)),
                null,
                new Stop(
                        "block-001",
                        "block-001 failed 3 times, last on node-7/gpu0: the loss is not finite",
                        "lower the rates"),
                null);
    }

    private static ObjectNode recipe() {
        ObjectNode recipe = JsonNodeFactory.instance.objectNode();
        recipe.putObject("quantization").put("bits", 2).put("group-size", 64).put("symmetric", false);
        recipe.putObject("calibration")
                .put("sequence-length", 256)
                .put("train-samples", 1024)
                .put("validation-samples", 64)
                .put("order", "random")
                .put("activations", "float32");
        ObjectNode blockAp = recipe.putObject("block-ap").put("epochs", 2).put("batch-size", 2);
        blockAp.putObject("learning-rates")
                .put("weights", 2e-5)
                .put("step-sizes", 1e-4)
                .put("zero-points", 1e-4);
        blockAp.putObject("repair").put("samples", 0).put("learning-rate-factor", 0.5);
        recipe.putObject("end-to-end").put("epochs", 1).put("batch-size", 32).put("learning-rate", 2e-5);
        recipe.putArray("exports").add("gptq").add("dequantized");
        return recipe.put("numerics", "float32").put("seed", 0);
    }

    private static Block block(int index) {
        double start = 2e-4 * Math.pow(2.1, index % 12);
        double end = start * (0.12 + 0.02 * (index % 5));
        return new Block(
                index,
                0,
                start,
                end,
                end * 0.96,
                41.5 + index,
                (430L + index) << 20,
                1,
                index > 1 ? new Repair(end * 1.4, end * 1.15) : null,
                curve(200, start, end * 0.96),
                validation(200, start, end));
    }

    private static List<StageCost> stages(int blocks) {
        List<StageCost> stages = new ArrayList<>();
        stages.add(new StageCost("capture-000", 6.25, 210L << 20, 1));
        IntStream.range(0, blocks)
                .mapToObj(index -> new StageCost("block-%03d".formatted(index), 41.5 + index, (430L + index) << 20, 1))
                .forEach(stages::add);
        stages.add(new StageCost("end-to-end", 73.4, 512L << 20, 2));
        stages.add(new StageCost("export-gptq", 0.48, 220L << 20, 1));
        return stages;
    }

    private static List<LossPoint> curve(int steps, double from, double to) {
        return IntStream.rangeClosed(0, 50)
                .mapToObj(point -> new LossPoint(
                        (long) point * steps / 50,
                        to + (from - to) * Math.exp(-point / 9.0) + 0.03 * to * Math.sin(point * 2.7)))
                .toList();
    }

    private static List<LossPoint> validation(int steps, double from, double to) {
        return IntStream.rangeClosed(0, 4)
                .mapToObj(point -> new LossPoint((long) point * steps / 4, to + (from - to) * Math.exp(-point * 1.6)))
                .toList();
    }
}
