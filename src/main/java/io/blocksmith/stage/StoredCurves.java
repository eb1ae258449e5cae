package io.blocksmith.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The loss curves that a committed stage left, for whoever looks at a run without its device.
 *
 * @param training the training loss over at most 200 stretches, ascending steps
 * @param validation every validation, ascending steps; step 0 is the start
 */
public record StoredCurves(List<Point> training, List<Point> validation) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A loss after so many steps. */
    public record Point(long step, double loss) {}

    public StoredCurves {
        training = List.copyOf(training);
        validation = List.copyOf(validation);
    }

    /** The curves of {@code stage}; empty when it is of a kind that trains nothing. */
    public static Optional<StoredCurves> read(ObjectStore store, Committed stage) {
        String name = RunNames.attempt(stage.ticket()) + LossCurves.FILE;
        return stage.result().objects().stream()
                        .anyMatch(object -> object.name().equals(name))
                ? Optional.of(parse(store.where(name), store.read(name)))
                : Optional.empty();
    }

    private static StoredCurves parse(String where, byte[] content) {
        try {
            LossCurves.Curves curves = JSON.readValue(content, LossCurves.Curves.class);
            return new StoredCurves(points(curves.train()), points(curves.validation()));
        } catch (JsonProcessingException e) {
            throw BlocksmithException.environment(e, "%s: not valid: %s", where, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", where, Reason.of(e));
        }
    }

    private static List<Point> points(List<LossCurves.Point> points) {
        return points.stream()
                .map(point -> new Point(point.step(), point.loss()))
                .toList();
    }
}
