package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Command.AbandonAttempt;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.Complete;
import io.blocksmith.run.Command.StartStage;
import io.blocksmith.run.Command.Stop;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StopCause;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class DecisionsTest {
    private static final Stage CAPTURE = new Capture(0, 0);

    private final Plan plan = Plans.of(3, 1, 0);
    private final Decisions decisions = new Decisions(plan, FailurePolicy.standard());
    private final RunState fresh = started(3);

    private List<Command> decide(RunState state, String... workers) {
        SortedSet<String> names = new TreeSet<>(List.of(workers));
        return decisions.decide(state, names, Optional.empty());
    }

    private RunState failed(RunState state, Stage stage, Category category, String reason) {
        Ticket ticket = state.nextTicket(stage);
        return fold(state, start(state, stage), new StageFailed(NOON, ticket, category, reason, WORKER));
    }

    @Test
    void aRunNobodySupervisesIsLeftAlone() {
        assertThat(decide(RunState.empty(), WORKER)).isEmpty();
    }

    @Test
    void theFirstStageGoesToTheFreeWorker() {
        assertThat(decide(fresh, WORKER)).containsExactly(new StartStage(fresh.nextTicket(CAPTURE), WORKER));
    }

    @Test
    void trainingGoesBeforeEvaluation() {
        RunState captured = commit(fresh, CAPTURE);
        assertThat(decide(captured, WORKER))
                .containsExactly(new StartStage(captured.nextTicket(new TrainBlock(0)), WORKER));
    }

    @Test
    void aSecondWorkerTakesTheNextReadyStage() {
        assertThat(decide(fresh, "a", "b"))
                .containsExactly(
                        new StartStage(fresh.nextTicket(CAPTURE), "a"),
                        new StartStage(fresh.nextTicket(new Evaluate(Subject.FULL_PRECISION)), "b"));
    }

    @Test
    void aBusyWorkerGetsNothing() {
        assertThat(decide(fold(fresh, start(fresh, CAPTURE)), WORKER)).isEmpty();
    }

    @Test
    void anAttemptOfALostWorkerIsAbandoned() {
        assertThat(decide(fold(fresh, start(fresh, CAPTURE)), "another"))
                .containsExactly(new AbandonAttempt(fresh.nextTicket(CAPTURE), WORKER, "worker worker-1 was lost"));
    }

    @Test
    void aTransientFailureIsTriedAgain() {
        RunState once = failed(fresh, CAPTURE, Category.TRANSIENT, "hiccup");
        assertThat(decide(once, WORKER)).containsExactly(new StartStage(new Ticket("tiny", CAPTURE, 2, 1), WORKER));
    }

    @Test
    void theThirdTransientFailureStopsTheRun() {
        RunState state = fresh;
        for (int i = 0; i < 3; i++) {
            state = failed(state, CAPTURE, Category.TRANSIENT, "hiccup");
        }
        assertThat(decide(state, WORKER))
                .containsExactly(new Stop(
                        StopCause.FAILURE, "capture-000 failed 3 times (at most 3 tries), last on worker-1: hiccup"));
    }

    @Test
    void aUserFailureStopsTheRunAtOnce() {
        RunState state = failed(fresh, CAPTURE, Category.USER, "the file is empty");
        assertThat(decide(state, WORKER))
                .containsExactly(new Stop(StopCause.FAILURE, "capture-000 failed on worker-1: the file is empty"));
    }

    @Test
    void aStopFirstCancelsWhatRuns() {
        RunState running = fold(fresh, start(fresh, CAPTURE));
        assertThat(decisions.decide(running, new TreeSet<>(List.of(WORKER)), Optional.of("SIGTERM")))
                .containsExactly(new CancelAttempt(fresh.nextTicket(CAPTURE), WORKER));
    }

    @Test
    void whenEverythingIsCommittedTheRunIsComplete() {
        RunState done = commit(fresh, plan.stages().toArray(new Stage[0]));
        assertThat(decide(done, WORKER)).containsExactly(new Complete());
    }
}
