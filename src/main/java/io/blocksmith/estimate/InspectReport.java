package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.Recipe;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A model and what quantizing it needs, as text for people and as a map for JSON; both hold the same figures. */
public final class InspectReport {
    private static final double TERA = 1e12;
    /** A few CPU cores, and GPUs of two generations in practice. */
    private static final List<Double> RATES = List.of(0.1e12, 20e12, 100e12);

    private final List<Section> sections;

    /** Figures under a title; {@code key} names the section in JSON. */
    private record Section(String title, String key, List<Figure> figures) {}

    /** One figure: {@code value} as JSON has it, {@code text} as people read it. */
    private record Figure(String label, String key, Object value, String text) {}

    private InspectReport(List<Section> sections) {
        this.sections = List.copyOf(sections);
    }

    /**
     * The report of one model and recipe.
     *
     * @param workers that the disk of {@code estimate} is for
     */
    public static InspectReport of(String model, LlamaConfig config, Recipe recipe, RunEstimate estimate, int workers) {
        return new InspectReport(List.of(
                model(model, config),
                sizes(recipe, estimate.sizes()),
                device(estimate),
                host(estimate),
                disk(estimate.disk(), workers),
                work(estimate)));
    }

    private static Section model(String model, LlamaConfig config) {
        return new Section(
                "Model",
                "model",
                List.of(
                        text("name", "name", model),
                        count("parameters", "parameters", config.parameters()),
                        count("blocks", "blocks", config.blocks()),
                        count("hidden", "hidden", config.hidden()),
                        count("feed-forward", "feed-forward", config.feedForward()),
                        count("heads", "heads", config.heads()),
                        count("key and value heads", "key-value-heads", config.keyValueHeads()),
                        count("vocabulary", "vocabulary", config.vocabulary())));
    }

    private static Section sizes(Recipe recipe, ModelSizes sizes) {
        int bits = recipe.quantization().bits();
        return new Section(
                "Sizes",
                "sizes",
                List.of(
                        bytes("checkpoint", "checkpoint-bytes", sizes.checkpoint()),
                        bytes("GPTQ, %d bits".formatted(bits), "gptq-bytes", sizes.gptq()),
                        bytes("dequantized", "dequantized-bytes", sizes.dequantized()),
                        new Figure(
                                "bits per quantized weight",
                                "average-bits",
                                sizes.averageBits(),
                                format("%.3f", sizes.averageBits()))));
    }

    private static Section device(RunEstimate estimate) {
        BlockApMemory blockAp = estimate.blockAp();
        EndToEndMemory endToEnd = estimate.endToEnd();
        return new Section(
                "Device memory",
                "device-memory",
                List.of(
                        bytes("Block-AP, peak", "block-ap-bytes", blockAp.total()),
                        bytes("  of it activations", "block-ap-activation-bytes", blockAp.activations()),
                        bytes("E2E-QP, peak", "end-to-end-bytes", endToEnd.total()),
                        bytes("  of it packed model", "end-to-end-packed-bytes", endToEnd.packed()),
                        bytes("  of it kept activations", "end-to-end-kept-bytes", endToEnd.kept())));
    }

    private static Section host(RunEstimate estimate) {
        return new Section(
                "Host memory",
                "host-memory",
                List.of(
                        bytes(
                                "beside a GPU",
                                "beside-gpu-bytes",
                                estimate.host().total()),
                        bytes("with the CPU as device", "cpu-process-bytes", estimate.processBytesOnCpu())));
    }

    private static Section disk(DiskSpace disk, int workers) {
        return new Section(
                "Disk",
                "disk",
                List.of(
                        count("workers at once", "workers", workers),
                        bytes("hidden states", "boundary-bytes", disk.boundaries()),
                        bytes("  one stream", "stream-bytes", disk.stream()),
                        bytes("checkpoints of training", "training-checkpoint-bytes", disk.checkpoints()),
                        bytes("trained blocks", "block-bytes", disk.blocks()),
                        bytes("exports", "export-bytes", disk.exports()),
                        bytes("evaluation", "evaluation-bytes", disk.evaluation()),
                        bytes("tokens", "token-bytes", disk.tokens()),
                        bytes("peak", "peak-bytes", disk.total())));
    }

    private static Section work(RunEstimate estimate) {
        Work work = estimate.work();
        List<Figure> figures = new ArrayList<>(List.of(
                flops("capture", "capture-flops", work.capture()),
                flops("Block-AP", "block-ap-flops", work.blockAp()),
                flops("repair", "repair-flops", work.repair()),
                flops("E2E-QP", "end-to-end-flops", work.endToEnd()),
                flops("evaluation", "evaluation-flops", work.evaluation()),
                flops("total", "total-flops", work.total())));
        for (double rate : RATES) {
            String tera = format(rate < TERA ? "%.1f" : "%.0f", rate / TERA);
            double hours = estimate.hours(rate);
            figures.add(new Figure(
                    "at %s TFLOP/s".formatted(tera), "hours-at-%s-tflops".formatted(tera), hours, duration(hours)));
        }
        return new Section("Arithmetic", "arithmetic", figures);
    }

    /** Aligned lines, a blank one between sections. */
    public String text() {
        int width = sections.stream()
                .flatMap(section -> section.figures().stream())
                .mapToInt(figure -> figure.label().length())
                .max()
                .orElse(0);
        StringBuilder text = new StringBuilder();
        for (Section section : sections) {
            text.append(text.isEmpty() ? "" : "\n").append(section.title()).append('\n');
            for (Figure figure : section.figures()) {
                text.append("  %s  %16s%n".formatted(padded(figure.label(), width), figure.text()));
            }
        }
        return text.toString();
    }

    /** Section to figure to plain number; bytes are whole numbers. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        for (Section section : sections) {
            Map<String, Object> figures = new LinkedHashMap<>();
            section.figures().forEach(figure -> figures.put(figure.key(), figure.value()));
            json.put(section.key(), figures);
        }
        return json;
    }

    private static Figure text(String label, String key, String value) {
        return new Figure(label, key, value, value);
    }

    private static Figure count(String label, String key, long value) {
        return new Figure(label, key, value, format("%,d", value));
    }

    private static Figure bytes(String label, String key, long value) {
        double mebibytes = value / (double) (1 << 20);
        String text = mebibytes < 1024 ? format("%.1f MiB", mebibytes) : format("%,.1f GiB", mebibytes / 1024);
        return new Figure(label, key, value, text);
    }

    private static Figure flops(String label, String key, double value) {
        double tera = value / TERA;
        String text = tera < 1000 ? format("%.1f TFLOP", tera) : format("%,.1f PFLOP", tera / 1000);
        return new Figure(label, key, value, text);
    }

    private static String duration(double hours) {
        if (hours < 0.1) {
            return format("%.1f min", hours * 60);
        }
        return hours < 100 ? format("%.1f h", hours) : format("%,.1f days", hours / 24);
    }

    private static String padded(String label, int width) {
        return label + " ".repeat(width - label.length());
    }

    private static String format(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }
}
