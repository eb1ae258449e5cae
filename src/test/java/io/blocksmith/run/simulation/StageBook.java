package io.blocksmith.run.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** One stage's history as the invariants see it, with the budgets counted a second time. */
final class StageBook {
    private static final Set<Category> BLAMED =
            EnumSet.of(Category.ENVIRONMENT, Category.TRANSIENT, Category.HUNG, Category.DAMAGED, Category.DEFECT);

    /** A failure; {@code position} is the durable step that the stage had reached by then. */
    private record Failure(Category category, String worker, long position) {}

    private final Stage stage;
    private final List<Failure> failures = new ArrayList<>();
    private int attempts;
    private Ticket running;
    private String worker = "";
    private String numerics = "";
    private boolean committed;
    private Adjustment latest;
    /** How the stage was computed when it last committed. */
    private Adjustment before;

    private double factor = 1;
    private long position;
    private String positionNumerics = "";

    StageBook(Stage stage) {
        this.stage = stage;
    }

    boolean isCommitted() {
        return committed;
    }

    boolean runsOn(String name) {
        return running != null && worker.equals(name);
    }

    double factor() {
        return factor;
    }

    int count(Category category) {
        return (int) failures.stream()
                .filter(failure -> failure.category() == category)
                .count();
    }

    void started(Ticket ticket, String on, String with, Adjustment adjustment, FailurePolicy policy) {
        assertThat(running).as("nothing else runs for %s", ticket).isNull();
        assertThat(committed).as("%s has no result yet", ticket).isFalse();
        assertThat(ticket.attempt()).as("%s is the next attempt", ticket).isEqualTo(attempts + 1);
        assertThat(isExhausted(policy))
                .as("%s has tries left after %s", ticket, failures)
                .isFalse();
        double rate = before != null ? before.learningRateFactor() : count(Category.NOT_FINITE) >= 2 ? 0.5 : 1;
        int parts = Math.max(before == null ? 1 : before.microBatches(), 1 << count(Category.DEVICE_MEMORY));
        assertThat(adjustment).as("adjustment of %s after %s", ticket, failures).isEqualTo(new Adjustment(rate, parts));
        latest = adjustment;
        if (rate != factor) {
            factor = rate;
            position = 0;
        }
        if (position > 0) {
            assertThat(with)
                    .as("%s goes on with the numerics of what was saved at step %d", ticket, position)
                    .isEqualTo(positionNumerics);
        }
        attempts++;
        running = ticket;
        worker = on;
        numerics = with;
    }

    void committed(Ticket ticket) {
        end(ticket);
        committed = true;
        before = latest;
    }

    void failed(Ticket ticket, Category category, String on, long savedStep) {
        end(ticket);
        reached(savedStep);
        failures.add(new Failure(category, on, position));
    }

    void cancelled(Ticket ticket, long savedStep) {
        end(ticket);
        reached(savedStep);
    }

    private void end(Ticket ticket) {
        assertThat(ticket).as("the attempt that runs ends").isEqualTo(running);
        running = null;
    }

    private void reached(long savedStep) {
        if (savedStep > position) {
            position = savedStep;
            positionNumerics = numerics;
        }
    }

    /** A commit is progress: only damage, and what says how the stage has to be computed, still counts. */
    void damaged() {
        assertThat(committed).as("%s was committed", stage).isTrue();
        committed = false;
        position = 0;
        failures.removeIf(
                failure -> failure.category() != Category.DEVICE_MEMORY && failure.category() != Category.DAMAGED);
        failures.add(new Failure(Category.DAMAGED, worker, 0));
    }

    void reset() {
        assertThat(running).as("%s is reset while nothing runs", stage).isNull();
        committed = false;
        position = 0;
        failures.clear();
    }

    /** A person started the stopped run again. */
    void forgive() {
        if (!committed) {
            failures.clear();
        }
    }

    boolean isExhausted(FailurePolicy policy) {
        if (failures.isEmpty() || committed || running != null) {
            return false;
        }
        int first = 0;
        for (int i = 1; i < failures.size(); i++) {
            long reached = failures.get(i).position();
            if (reached > 0 && reached != failures.get(i - 1).position()) {
                first = i;
            }
        }
        List<Failure> sinceProgress = failures.subList(first, failures.size());
        Category last = failures.getLast().category();
        if (BLAMED.contains(last)) {
            List<Failure> blamed = sinceProgress.stream()
                    .filter(failure -> BLAMED.contains(failure.category()))
                    .toList();
            long on = blamed.stream().map(Failure::worker).distinct().count();
            return blamed.size() >= 3 || (on >= 2 && last != Category.DAMAGED);
        }
        return switch (last) {
            case USER -> true;
            case NOT_FINITE -> count(Category.NOT_FINITE) >= 3;
            case DEVICE_MEMORY ->
                Math.max(before == null ? 1 : before.microBatches(), 1 << count(Category.DEVICE_MEMORY))
                        > parts(policy);
            case WORKER_LOST ->
                sinceProgress.stream()
                                .filter(failure -> failure.category() == Category.WORKER_LOST)
                                .count()
                        >= 5;
            default -> false;
        };
    }

    private int parts(FailurePolicy policy) {
        return switch (stage) {
            case TrainBlock _, RepairBlock _ -> policy.blockParts();
            case EndToEnd _ -> policy.shardParts();
            default -> 1;
        };
    }
}
