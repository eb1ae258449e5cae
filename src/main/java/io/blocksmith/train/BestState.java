package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.tensor.Copy;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The state with the lowest validation loss so far, kept as copies beside the one in training. */
final class BestState implements AutoCloseable {
    private final List<NDArray> current;
    private final List<NDArray> kept;
    private double loss = Double.POSITIVE_INFINITY;

    BestState(Collection<NDArray> current, NDManager manager) {
        this.current = List.copyOf(current);
        this.kept = current.stream()
                .map(array -> {
                    NDArray copy = manager.zeros(array.getShape());
                    NDScope.unregister(copy);
                    return copy;
                })
                .toList();
    }

    /** Keeps the current state when {@code loss} is lower than every loss before; the earlier state wins a tie. */
    void offer(double loss) {
        if (loss < this.loss) {
            this.loss = loss;
            for (int i = 0; i < current.size(); i++) {
                Copy.into(current.get(i), kept.get(i));
            }
        }
    }

    /** The lowest loss so far; infinite before the first. */
    double loss() {
        return loss;
    }

    /** From here on {@code loss} is the one to beat, infinity for none; the kept arrays stay as they are. */
    void resume(double loss) {
        this.loss = loss;
    }

    /** The kept arrays as {@code prefix.0}, {@code prefix.1}, ...; aliases. */
    Map<String, NDArray> state(String prefix) {
        Map<String, NDArray> state = new LinkedHashMap<>();
        for (int i = 0; i < kept.size(); i++) {
            state.put("%s.%d".formatted(prefix, i), kept.get(i));
        }
        return state;
    }

    /** Puts the best state back, and returns its loss. */
    double restore() {
        if (loss == Double.POSITIVE_INFINITY) {
            throw BlocksmithException.defect("no state was ever offered");
        }
        for (int i = 0; i < current.size(); i++) {
            Copy.into(kept.get(i), current.get(i));
        }
        return loss;
    }

    @Override
    public void close() {
        kept.forEach(NDArray::close);
    }
}
