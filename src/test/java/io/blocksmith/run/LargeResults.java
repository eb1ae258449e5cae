package io.blocksmith.run;

import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.store.RunNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Results of the size that a block of a 70B model leaves: each window of hidden states is a shard of its own. */
public final class LargeResults {
    /** {@code calibration.train-samples} and {@code validation-samples} by default. */
    public static final int WINDOWS = 4096 + 64;

    private static final String HEXADECIMAL = "0123456789abcdef";

    private LargeResults() {}

    /** What {@code ticket} seals: its files, and both streams of the hidden states that enter the next block. */
    public static StageResult of(Ticket ticket) {
        int block = ((TrainBlock) ticket.stage()).block();
        Random random = new Random(block);
        List<ObjectRef> objects = new ArrayList<>();
        for (String file : List.of("block.safetensors", "curves.json")) {
            objects.add(new ObjectRef(RunNames.attempt(ticket) + file, 300_000_000, digest(random)));
        }
        for (RunNames.Stream stream : RunNames.Stream.values()) {
            for (int shard = 0; shard < WINDOWS; shard++) {
                String name = "%sshard-%03d.act".formatted(RunNames.boundary(ticket, block + 1, stream), shard);
                objects.add(new ObjectRef(name, 4L * 4096 * 8192 + 64, digest(random)));
            }
        }
        Map<String, Double> figures = new HashMap<>();
        figures.put("start-loss", 0.25);
        figures.put("final-loss", 0.125);
        return new StageResult(objects, figures);
    }

    private static String digest(Random random) {
        StringBuilder digest = new StringBuilder();
        for (int i = 0; i < 64; i++) {
            digest.append(HEXADECIMAL.charAt(random.nextInt(HEXADECIMAL.length())));
        }
        return digest.toString();
    }
}
