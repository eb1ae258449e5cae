package io.blocksmith.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The losses of one training, for people to look at: the training loss averaged over at most {@value #POINTS} stretches of
 * equal length, and every validation. Stored as {@code curves.json} beside what was trained.
 */
final class LossCurves {
    static final String FILE = "curves.json";
    private static final int POINTS = 200;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** One point; step 0 is the start. */
    record Point(long step, double loss) {}

    /** The stored form. */
    record Curves(List<Point> train, List<Point> validation) {}

    private final List<Point> train = new ArrayList<>();
    private final List<Point> validation = new ArrayList<>();
    private double sum;
    private long count;

    void stepped(long step, long steps, double loss) {
        sum += loss;
        count++;
        long stretch = Math.max(1, (steps + POINTS - 1) / POINTS);
        if (count == stretch || step == steps) {
            train.add(new Point(step, sum / count));
            sum = 0;
            count = 0;
        }
    }

    /** A validation; one that is repeated after an interruption has its point already. */
    void validated(long step, double loss) {
        if (validation.isEmpty() || validation.getLast().step() < step) {
            validation.add(new Point(step, loss));
        }
    }

    /** Validation loss at step 0, NaN when there is none. */
    double start() {
        return validation.isEmpty() || validation.getFirst().step() > 0
                ? Double.NaN
                : validation.getFirst().loss();
    }

    /** All points and the stretch begun, to be stored in the middle of a training. */
    private record Unfinished(List<Point> train, List<Point> validation, double sum, long count) {}

    /** The curves so far as JSON. */
    String unfinished() {
        try {
            return JSON.writeValueAsString(new Unfinished(train, validation, sum, count));
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("loss curves: %s", e.getMessage());
        }
    }

    /** Becomes what {@link #unfinished} told of other curves. */
    void resume(String unfinished) {
        try {
            Unfinished state = JSON.readValue(unfinished, Unfinished.class);
            train.clear();
            train.addAll(state.train());
            validation.clear();
            validation.addAll(state.validation());
            sum = state.sum();
            count = state.count();
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("loss curves of a checkpoint: %s", e.getMessage());
        }
    }

    void write(Path file) {
        try {
            JSON.writeValue(file.toFile(), new Curves(train, validation));
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
    }

    static Curves read(Path file) {
        try {
            return JSON.readValue(Files.readAllBytes(file), Curves.class);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.environment(e, "%s: not valid: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        }
    }
}
