package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.spec.EndToEnd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The gradient shards of the batch at hand: how they are cut, what each is, and their sum. Both gradients live as long as
 * the training.
 */
final class BatchShards implements GradientExchange.Shards {
    private final PackedModel model;
    private final EndToEnd recipe;
    private final int microBatches;
    private final PackedModel.Gradient part;
    private final PackedModel.Gradient sum;
    private final List<NDArray> trainedParts;
    private final List<NDArray> trainedSums;

    private int[][] batch = {};
    private List<int[][]> shards = List.of();
    private Runnable betweenParts = () -> {};
    private long computedTokens;

    /**
     * @param microBatches parts that the windows of a shard pass the device in
     * @param manager owns the gradients
     */
    BatchShards(PackedModel model, EndToEnd recipe, int microBatches, NDManager manager) {
        this.model = model;
        this.recipe = recipe;
        this.microBatches = microBatches;
        this.sum = model.newGradient(recipe.train(), manager);
        this.part = model.newGradient(recipe.train(), manager);
        this.trainedParts = trained(part);
        this.trainedSums = trained(sum);
    }

    private static List<NDArray> trained(PackedModel.Gradient gradient) {
        List<NDArray> arrays = new ArrayList<>(gradient.stepSizes());
        arrays.addAll(gradient.zeroPoints());
        return List.copyOf(arrays);
    }

    /**
     * Takes up a batch, with a gradient of zero.
     *
     * @param between called after each pass through the device
     */
    void begin(int[][] windows, Runnable between) {
        batch = windows;
        betweenParts = between;
        computedTokens = 0;
        sum.clear();
        shards = new ArrayList<>();
        for (int shard = 0; shard < recipe.gradientShards(); shard++) {
            int[][] some = slice(windows, shard, recipe.gradientShards());
            if (some.length > 0) {
                shards.add(some);
            }
        }
    }

    private static int[][] slice(int[][] windows, int index, int of) {
        int first = (int) ((long) windows.length * index / of);
        int last = (int) ((long) windows.length * (index + 1) / of);
        return Arrays.copyOfRange(windows, first, last);
    }

    /** Predicted tokens of the whole batch. */
    long tokens() {
        return (long) batch.length * (batch[0].length - 1);
    }

    /** Tokens of the batch that passed this device since {@link #begin}. */
    long computedTokens() {
        return computedTokens;
    }

    @Override
    public int count() {
        return shards.size();
    }

    @Override
    public double compute(int shard) {
        int[][] windows = shards.get(shard);
        double loss = 0;
        part.clear();
        for (int micro = 0; micro < microBatches; micro++) {
            int[][] some = slice(windows, micro, microBatches);
            if (some.length > 0) {
                loss += model.addGradient(some, 1.0 / tokens(), part);
                computedTokens += (long) some.length * some[0].length;
                betweenParts.run();
            }
        }
        return loss;
    }

    @Override
    public List<NDArray> part() {
        return trainedParts;
    }

    @Override
    public void add() {
        for (int i = 0; i < trainedParts.size(); i++) {
            trainedSums.get(i).addi(trainedParts.get(i));
        }
    }

    /** The sum of the gradients added since {@link #begin}. */
    PackedModel.Gradient sum() {
        return sum;
    }

    /** What of {@link #sum} belongs to what is trained. */
    List<NDArray> trainedSum() {
        return trainedSums;
    }
}
