package io.blocksmith.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Everything a report shows, and nothing computed: {@code report.json} is these records field by field. A number that was
 * not measured is NaN (a {@code double}) or 0 (a count of bytes) and reads as {@code null} or 0 in the file.
 *
 * @param version of this shape, {@link #VERSION}
 * @param blocksmith the program's version
 * @param run name of the run folder
 * @param created when the report was written, ISO-8601 with zone
 * @param recipe the frozen recipe as a JSON object; the page reads {@code quantization.bits} and
 *     {@code quantization.group-size} for its summary
 * @param blocks in model order, as far as they are trained
 * @param endToEnd null when the run had no E2E-QP, or not yet
 * @param perplexity in the order full precision, round-to-nearest, after Block-AP, after E2E-QP, as far as measured
 * @param sizes the input model first, then the exports
 * @param stages in the order they were committed
 * @param failures attempts that failed, oldest first
 * @param stopped why the run stopped before its end; null when it did not
 * @param environment what the run ran on: name to value, shown as it is
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ReportData(
        int version,
        String blocksmith,
        String run,
        String created,
        Model model,
        JsonNode recipe,
        List<Block> blocks,
        EndToEnd endToEnd,
        List<Perplexity> perplexity,
        List<Size> sizes,
        List<StageCost> stages,
        List<Failure> failures,
        Stop stopped,
        Map<String, String> environment) {

    /** Raised when a field changes its meaning or goes away; new fields do not raise it. */
    public static final int VERSION = 1;

    public ReportData {
        blocks = listOf(blocks);
        perplexity = listOf(perplexity);
        sizes = listOf(sizes);
        stages = listOf(stages);
        failures = listOf(failures);
        environment = environment == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(environment));
    }

    /**
     * The quantized model.
     *
     * @param path of the model folder as the user gave it
     * @param architecture as its configuration names it, e.g. {@code LlamaForCausalLM}
     * @param parameters how many numbers it has
     * @param blocks decoder layers
     * @param hidden width of the hidden states
     * @param notices what its folder holds that was not computed with, a line each
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Model(
            String path, String architecture, long parameters, int blocks, int hidden, List<String> notices) {
        public Model {
            notices = listOf(notices);
        }
    }

    /** One point of a loss curve; {@code step} counts optimizer steps from 0, the start. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record LossPoint(long step, double loss) {}

    /**
     * Block-AP of one block.
     *
     * @param segment the range of blocks it was trained in, from 0
     * @param roundToNearestLoss validation loss of the round-to-nearest start, mean squared error
     * @param validationLoss of the state that training kept, without the repair
     * @param trainLoss mean over the last epoch
     * @param seconds of the attempt that committed
     * @param peakBytes resident memory of the process at its highest during that attempt
     * @param attempts tries, the committed one included
     * @param repair null when the block was not repaired
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Block(
            int block,
            int segment,
            double roundToNearestLoss,
            double validationLoss,
            double trainLoss,
            double seconds,
            long peakBytes,
            int attempts,
            Repair repair,
            List<LossPoint> train,
            List<LossPoint> validation) {
        public Block {
            train = listOf(train);
            validation = listOf(validation);
        }
    }

    /**
     * The repair of a block: validation losses on inputs that carry the errors of all blocks before, so they compare with
     * each other and not with those of the training.
     *
     * @param startLoss of the state that training left
     * @param validationLoss of the state that was kept
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Repair(double startLoss, double validationLoss) {}

    /** E2E-QP: next-token loss in nats. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record EndToEnd(double seconds, long peakBytes, List<LossPoint> train, List<LossPoint> validation) {
        public EndToEnd {
            train = listOf(train);
            validation = listOf(validation);
        }
    }

    /**
     * One row of the perplexity table.
     *
     * @param subject key of a {@link io.blocksmith.run.Stage.Subject}
     * @param tokens predicted tokens
     * @param context tokens in a window
     * @param text name of the evaluated text
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Perplexity(String subject, double perplexity, long tokens, int context, int windows, String text) {}

    /** Bytes of a model folder; {@code path} is shown to the user. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Size(String name, long bytes, String path) {}

    /** What one stage cost; {@code stage} is its key. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record StageCost(String stage, double seconds, long peakBytes, int attempts) {}

    /**
     * One attempt that failed.
     *
     * @param stage its key
     * @param category of the error, in lower case
     * @param at ISO-8601
     * @param step the last step it told of, 0 before the first
     * @param losses the last training losses, oldest first
     * @param learningRateFactor what the recipe's rates were multiplied with
     * @param microBatches parts that a batch passed the device in
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Failure(
            String stage,
            int attempt,
            String worker,
            String category,
            String reason,
            String at,
            long step,
            List<Double> losses,
            double learningRateFactor,
            int microBatches) {
        public Failure {
            losses = listOf(losses);
        }
    }

    /** Why the run stopped before its end. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Stop(String stage, String reason, String whatToDo) {}

    private static <T> List<T> listOf(List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }
}
