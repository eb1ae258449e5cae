package io.blocksmith.demo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RotaryTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Draws documents from a model that {@link ModelFolder} wrote: from BOS on, token by token, a batch at a time, until
 * BOS comes again. A document that has not ended at the model's context length is dropped, so that no text breaks off.
 * The same model, seed and count give the same documents.
 */
public final class Sampler implements AutoCloseable {
    private static final int BATCH = 64;

    private final LlamaWeights weights;
    private final BytePairTokenizer tokenizer;
    private final NDManager manager;
    private final List<BlockWeights> blocks;
    private final RotaryTable rotary;
    private final CachedBlock block;
    private final OutputHead head;

    private Sampler(LlamaWeights weights, BytePairTokenizer tokenizer, NDManager manager) {
        LlamaConfig config = weights.config();
        this.weights = weights;
        this.tokenizer = tokenizer;
        this.manager = manager;
        this.blocks = IntStream.range(0, config.blocks())
                .mapToObj(index -> weights.block(index, manager))
                .toList();
        this.rotary = RotaryTable.of(config, config.contextLength(), manager);
        this.block = CachedBlock.compile(config, manager);
        this.head = OutputHead.of(weights, manager);
    }

    /** Opens the model in {@code folder}; {@code manager} stays the caller's. */
    public static Sampler open(Path folder, NDManager manager) {
        BytePairTokenizer tokenizer = TokenizerFile.read(folder);
        return new Sampler(CheckpointWeights.open(folder), tokenizer, manager.newSubManager());
    }

    /** As {@link #documents}, decoded. */
    public List<String> texts(TokenChoice choice, long seed, int tokens) {
        return documents(choice, seed, tokens).stream().map(tokenizer::decode).toList();
    }

    /** Documents as token ids without BOS, at least {@code tokens} tokens together. */
    List<int[]> documents(TokenChoice choice, long seed, int tokens) {
        SplittableRandom seeds = new SplittableRandom(seed);
        List<int[]> documents = new ArrayList<>();
        int drawn = 0;
        while (drawn < tokens) {
            List<int[]> ended = batch(choice, seeds);
            if (ended.isEmpty()) {
                throw BlocksmithException.user(
                        "no document of %d ended within the context of %d tokens; train the model longer",
                        BATCH, weights.config().contextLength());
            }
            for (int[] document : ended) {
                if (drawn < tokens) {
                    documents.add(document);
                    drawn += document.length;
                }
            }
        }
        return documents;
    }

    private List<int[]> batch(TokenChoice choice, SplittableRandom seeds) {
        LlamaConfig config = weights.config();
        List<SplittableRandom> randoms =
                IntStream.range(0, BATCH).mapToObj(_ -> seeds.split()).toList();
        int[][] drawn = new int[BATCH][config.contextLength()];
        int[] lengths = new int[BATCH];
        Arrays.fill(lengths, -1);
        int[][] current = new int[BATCH][1];
        Arrays.fill(current, new int[] {BytePairTokenizer.BEGIN});
        int running = BATCH;
        try (Cache cache = new Cache()) {
            for (int position = 0; position < config.contextLength() && running > 0; position++) {
                float[] logits = cache.logits(current, position);
                for (int row = 0; row < BATCH; row++) {
                    if (lengths[row] >= 0) {
                        continue;
                    }
                    int token = choice.draw(logits, row * config.vocabulary(), config.vocabulary(), randoms.get(row));
                    if (token == BytePairTokenizer.BEGIN) {
                        lengths[row] = position;
                        running--;
                    } else {
                        drawn[row][position] = token;
                        current[row] = new int[] {token};
                    }
                }
            }
        }
        return IntStream.range(0, BATCH)
                .filter(row -> lengths[row] > 0)
                .mapToObj(row -> Arrays.copyOf(drawn[row], lengths[row]))
                .toList();
    }

    /** Keys and values of a batch, one pair a block. */
    private final class Cache implements AutoCloseable {
        private final NDManager scope = manager.newSubManager();
        private final List<NDArray> keys = new ArrayList<>();
        private final List<NDArray> values = new ArrayList<>();

        Cache() {
            LlamaConfig config = weights.config();
            Shape empty = new Shape(BATCH, config.keyValueHeads(), 0, config.headSize());
            for (int index = 0; index < config.blocks(); index++) {
                keys.add(scope.zeros(empty));
                values.add(scope.zeros(empty));
            }
        }

        /** Logits [n, V] after the tokens [n, 1] at {@code position}. */
        float[] logits(int[][] tokens, int position) {
            try (NDScope _ = new NDScope()) {
                NDIndex row = new NDIndex().addSliceDim(position, position + 1);
                NDArray cosine = rotary.cosine().get(row);
                NDArray sine = rotary.sine().get(row);
                NDArray x = weights.embed(tokens, scope)
                        .reshape(BATCH, weights.config().hidden());
                for (int index = 0; index < blocks.size(); index++) {
                    NDList out = block.step(x, cosine, sine, blocks.get(index), keys.get(index), values.get(index));
                    x = out.get(0);
                    keep(keys, index, out.get(1));
                    keep(values, index, out.get(2));
                }
                return head.logits(x).toFloatArray();
            }
        }

        private void keep(List<NDArray> kept, int index, NDArray longer) {
            NDScope.unregister(longer);
            longer.attach(scope);
            kept.set(index, longer).close();
        }

        @Override
        public void close() {
            scope.close();
        }
    }

    @Override
    public void close() {
        head.close();
        block.close();
        manager.close();
        weights.close();
    }
}
