package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.StartStage;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.RunState.Phase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * The pure core against thousands of seeded fault schedules: workers fail, vanish, come back and repeat old reports;
 * supervisors die; people stop and restart the run. A failing schedule names its seed.
 */
class SimulationTest {
    private static final int SCHEDULES = 3000;
    private static final int FAULTY_STEPS = 120;
    private static final int CALM_STEPS = 600;

    @Test
    void everyFaultScheduleEndsWithEachStageCommittedOnce() {
        for (long seed = 0; seed < SCHEDULES; seed++) {
            try {
                new World(seed).run();
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError("seed " + seed + " fails: " + failure.getMessage(), failure);
            }
        }
    }

    private record Report(Ticket ticket, String worker, Outcome outcome) {}

    /** A cluster of workers that hold tickets, and a mail bag of reports that may be delivered late and repeatedly. */
    private static final class World {
        private final Random random;
        private final Plan plan;
        private final Decisions decisions;
        private final Map<String, Ticket> held = new HashMap<>();
        private final SortedSet<String> reachable = new TreeSet<>();
        private final List<Report> mail = new ArrayList<>();
        private final Set<Stage> committed = new HashSet<>();
        private final Set<Ticket> issued = new HashSet<>();
        private Optional<String> stopRequested = Optional.empty();
        private boolean faults = true;
        private int names;
        private RunState state = RunState.empty();

        World(long seed) {
            random = new Random(seed);
            int blocks = 1 + random.nextInt(7);
            plan = Plans.of(blocks, 1 + random.nextInt(blocks), random.nextBoolean() ? 4 : 0);
            decisions = new Decisions(plan, FailurePolicy.standard());
        }

        void run() {
            apply(new RunSubmitted(NOON, "simulated", "d", plan.segments().blocks()));
            superviseAgain();
            for (int step = 0; step < FAULTY_STEPS && state.phase() != Phase.COMPLETED; step++) {
                disturb();
                execute();
                work();
            }
            // From here on nothing breaks any more: the run must end by itself.
            faults = false;
            stopRequested = Optional.empty();
            join();
            for (int step = 0; step < CALM_STEPS && state.phase() != Phase.COMPLETED; step++) {
                if (state.phase() == Phase.STOPPED) {
                    superviseAgain();
                }
                execute();
                work();
            }
            assertThat(state.phase()).isEqualTo(Phase.COMPLETED);
            assertThat(committed).isEqualTo(plan.stages());
        }

        private boolean chance(int percent) {
            return random.nextInt(100) < percent;
        }

        private void disturb() {
            if (reachable.isEmpty() || (reachable.size() < 4 && chance(10))) {
                join();
            }
            if (chance(5) && !reachable.isEmpty()) {
                String lost = pick(List.copyOf(reachable));
                reachable.remove(lost);
                if (chance(50)) {
                    held.remove(lost); // dead; otherwise a zombie that goes on and reports later
                }
            }
            if (chance(3) && state.phase() == Phase.RUNNING) {
                superviseAgain(); // the former one died; its workers know nothing of it
            }
            if (chance(2)) {
                stopRequested = Optional.of("a person asked");
            }
            if (state.phase() == Phase.STOPPED && chance(50)) {
                superviseAgain();
            }
        }

        private void join() {
            reachable.add("worker-%03d".formatted(names++));
        }

        private void superviseAgain() {
            stopRequested = Optional.empty();
            apply(new SupervisorStarted(NOON, state.epoch() + 1, "holder-" + state.epoch()));
        }

        /** Executes decisions one at a time and asks again, as the supervisor does. */
        private void execute() {
            while (true) {
                List<Command> commands = decisions.decide(state, reachable, stopRequested);
                assertThat(decisions.decide(state, reachable, stopRequested)).isEqualTo(commands);
                commands.forEach(command -> {
                    if (command instanceof CancelAttempt(Ticket ticket, String worker)
                            && ticket.equals(held.get(worker))) {
                        held.remove(worker);
                        mail.add(new Report(ticket, worker, new Outcome.Cancelled()));
                    }
                });
                if (commands.isEmpty() || commands.getFirst() instanceof CancelAttempt) {
                    return;
                }
                Command first = commands.getFirst();
                apply(first.event(NOON).orElseThrow());
                if (first instanceof StartStage(Ticket ticket, String worker)) {
                    held.put(worker, ticket);
                }
            }
        }

        private void work() {
            if (!held.isEmpty()) {
                String worker = pick(held.keySet().stream().sorted().toList());
                Ticket ticket = held.remove(worker);
                mail.add(new Report(ticket, worker, outcome(ticket)));
            }
            int deliveries = faults ? random.nextInt(3) : mail.size();
            for (int i = 0; i < deliveries && !mail.isEmpty(); i++) {
                // A worker repeats its report until it hears back, so a delivered one may stay in the bag.
                int index = random.nextInt(mail.size());
                Report report = faults && chance(30) ? mail.get(index) : mail.remove(index);
                Outcome.event(state, report.ticket(), report.worker(), report.outcome(), NOON)
                        .ifPresent(this::apply);
            }
        }

        private Outcome outcome(Ticket ticket) {
            if (faults && chance(15)) {
                Category category = chance(80) ? Category.TRANSIENT : pick(List.of(Category.values()));
                return new Outcome.Failed(category, "injected");
            }
            return new Outcome.Done(Histories.result(ticket));
        }

        private <T> T pick(List<T> choices) {
            return choices.get(random.nextInt(choices.size()));
        }

        private void apply(Event event) {
            state = state.after(event);
            if (event instanceof StageStarted(var at, Ticket ticket, String worker)) {
                assertThat(issued.add(ticket))
                        .as("ticket issued once: %s", ticket)
                        .isTrue();
                assertThat(committed).as("prerequisites of %s", ticket).containsAll(plan.prerequisites(ticket.stage()));
                assertThat(((StageState.Running) state.stage(ticket.stage())).failures())
                        .as("failures before %s", ticket)
                        .hasSizeLessThan(decisions.policy().tries());
            }
            if (event instanceof StageCommitted(var at, Ticket ticket, StageResult result)) {
                assertThat(committed.add(ticket.stage()))
                        .as("committed once: %s", ticket)
                        .isTrue();
                assertThat(result).isEqualTo(Histories.result(ticket));
                assertThat(ticket.epoch()).isEqualTo(state.epoch());
            }
            assertThat(state.running().stream().map(StageState.Running::worker)).doesNotHaveDuplicates();
        }
    }
}
