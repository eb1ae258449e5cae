package io.blocksmith.demo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import io.blocksmith.train.AdamW;
import io.blocksmith.train.Schedule;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Trains a small Llama from random parameters on next-token prediction: the whole model in memory, one graph for a
 * whole step. The parameters with the lowest validation loss are kept and rounded to BF16. The same input gives the
 * same bytes.
 */
public final class Pretrainer {
    private static final double LAST_RATE = 0.1;
    private static final String SOURCE = """
          def embed(self: __torch__.Functions, table: Tensor, tokens: Tensor) -> Tensor:
            return torch.embedding(table, tokens)
          def loss(self: __torch__.Functions, x: Tensor, gain: Tensor, head: Tensor, targets: Tensor) -> Tensor:
            scale = torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), $EPSILON))
            y = torch.linear(torch.mul(torch.mul(x, scale), gain), head, None)
            return torch.cross_entropy_loss(torch.flatten(y, 0, 1), torch.flatten(targets), None, 1, -100, 0.)
          def shorten(self: __torch__.Functions, g: List[Tensor], longest: Tensor) -> Tensor:
            length = torch.norm(torch.stack(torch._foreach_norm(g, 2)), 2)
            factor = torch.clamp(torch.div(longest, torch.add(length, 1.0e-06)), None, 1.)
            torch._foreach_mul_(g, factor)
            return length
        """;

    private final LlamaConfig config;
    private final Pretraining recipe;
    private final NDManager manager;

    /** A trainer whose arrays die with {@link #train}; {@code manager} stays the caller's. */
    public Pretrainer(LlamaConfig config, Pretraining recipe, NDManager manager) {
        this.config = config;
        this.recipe = recipe;
        this.manager = manager;
    }

    /**
     * A look at the training.
     *
     * @param step optimizer steps done
     * @param trainLoss mean since the last look, nats per token
     * @param validationLoss nats per token
     */
    public record Look(long step, double trainLoss, double validationLoss) {}

    /** Trains on {@code training}; {@code validation} is only looked at, and each look is told to {@code listener}. */
    public TrainedModel train(Corpus training, Corpus validation, Consumer<Look> listener) {
        try (NDManager scope = manager.newSubManager();
                Session session = new Session(scope)) {
            return session.train(training, validation.windows(recipe.window()), listener);
        }
    }

    /** The arrays of one training. */
    private final class Session implements AutoCloseable {
        private final NDManager scope;
        private final Parameters parameters;
        private final ScriptedBlock block;
        private final Script ends;
        private final AdamW matrices;
        private final AdamW gains;
        private final NDArray one;
        private final NDArray longest;

        Session(NDManager scope) {
            this.scope = scope;
            this.parameters = Parameters.random(config, recipe.seed(), scope);
            this.block = ScriptedBlock.compile(config, RotaryTable.of(config, recipe.window(), scope), false, scope);
            this.ends = Script.compile(scope, SOURCE.replace("$EPSILON", Double.toString(config.normEpsilon())));
            Adam adam = recipe.adam();
            this.matrices = new AdamW(parameters.matrices(), adam, scope);
            this.gains = new AdamW(parameters.gains(), new Adam(adam.beta1(), adam.beta2(), adam.epsilon(), 0), scope);
            this.one = scope.ones(new Shape());
            this.longest = scope.create((float) recipe.gradientNorm());
        }

        TrainedModel train(Corpus training, List<int[]> validation, Consumer<Look> listener) {
            Schedule schedule = new Schedule(recipe.steps(), recipe.warmUpSteps(), LAST_RATE);
            Random order = new Random(recipe.seed());
            Deque<int[]> windows = new ArrayDeque<>();
            List<float[]> best = parameters.values();
            long bestStep = 0;
            double lowest = Double.POSITIVE_INFINITY;
            double total = 0;
            long sinceLook = 0;
            for (long step = 1; step <= recipe.steps(); step++) {
                // The rate of step 1 is not 0: a warm-up of w steps ends with step w.
                total += step(nextBatch(windows, training, order), recipe.learningRate() * schedule.factor(step));
                sinceLook++;
                if (step % recipe.validateEvery() == 0 || step == recipe.steps()) {
                    double loss = loss(validation);
                    listener.accept(new Look(step, total / sinceLook, loss));
                    total = 0;
                    sinceLook = 0;
                    if (loss < lowest) {
                        lowest = loss;
                        bestStep = step;
                        best = parameters.values();
                    }
                }
            }
            best.forEach(Pretrainer::roundToBfloat16);
            parameters.restore(best);
            return new TrainedModel(config, best, bestStep, loss(validation));
        }

        private List<int[]> nextBatch(Deque<int[]> windows, Corpus training, Random order) {
            while (windows.size() < recipe.batch()) {
                windows.addAll(training.shuffledWindows(recipe.window(), order));
            }
            return Stream.generate(windows::remove).limit(recipe.batch()).toList();
        }

        private double step(List<int[]> batch, double learningRate) {
            try (NDScope _ = new NDScope()) {
                NDArray loss = Gradients.record(() -> forward(batch));
                Gradients.backward(loss, one);
                List<NDArray> forMatrices = gradients(parameters.matrices());
                List<NDArray> forGains = gradients(parameters.gains());
                List<NDArray> all =
                        Stream.concat(forMatrices.stream(), forGains.stream()).toList();
                ends.call("shorten", List.of(Argument.of(all), Argument.of(longest)));
                matrices.step(forMatrices, learningRate);
                gains.step(forGains, learningRate);
                parameters.matrices().forEach(Gradients::zero);
                parameters.gains().forEach(Gradients::zero);
                return loss.stopGradient().getFloat();
            }
        }

        /** Mean cross-entropy of windows, nats per token. */
        private double loss(List<int[]> windows) {
            double total = 0;
            for (int first = 0; first < windows.size(); first += recipe.batch()) {
                List<int[]> batch = windows.subList(first, Math.min(windows.size(), first + recipe.batch()));
                try (NDScope _ = new NDScope()) {
                    total += forward(batch).getFloat() * batch.size();
                }
            }
            return total / windows.size();
        }

        private NDArray forward(List<int[]> batch) {
            NDArray x = ends.call("embed", arguments(parameters.embedding(), tokens(batch, 0)))
                    .head();
            for (BlockWeights weights : parameters.blocks()) {
                x = block.forward(x, weights);
            }
            return ends.call("loss", arguments(x, parameters.finalNorm(), parameters.embedding(), tokens(batch, 1)))
                    .head();
        }

        /** The tokens [n, T] of {@code batch}, int64, from position {@code first} on. */
        private NDArray tokens(List<int[]> batch, int first) {
            int length = recipe.window();
            long[] ids = new long[batch.size() * length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = batch.get(i / length)[first + i % length];
            }
            return scope.create(ids, new Shape(batch.size(), length));
        }

        @Override
        public void close() {
            matrices.close();
            gains.close();
            ends.close();
            block.close();
        }
    }

    private static List<NDArray> gradients(List<NDArray> leaves) {
        return leaves.stream().map(NDArray::getGradient).toList();
    }

    private static List<Argument> arguments(NDArray... arrays) {
        return Stream.of(arrays).map(Argument::of).toList();
    }

    private static void roundToBfloat16(float[] values) {
        MemorySegment exact = MemorySegment.ofArray(values);
        MemorySegment halves = MemorySegment.ofArray(new byte[2 * values.length]);
        Floats.encode(exact, TensorType.BF16, halves);
        Floats.decode(halves, TensorType.BF16, exact);
    }
}
