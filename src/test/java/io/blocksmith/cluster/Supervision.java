package io.blocksmith.cluster;

import static io.blocksmith.run.Histories.NOON;

import io.blocksmith.run.Decisions;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Requests;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.Supervisor;
import io.blocksmith.run.Watchdog;
import java.time.Duration;
import java.time.InstantSource;

/** How tests supervise a run: with the standard policy, at a quick pace. */
final class Supervision {
    static final Pace QUICK =
            new Pace(Duration.ofMillis(5), Duration.ofMillis(50), Duration.ofMillis(50), Duration.ofMinutes(1));

    private Supervision() {}

    static RunSupervisor.Settings of(Journal journal, Plan plan, Pace pace) {
        return of(journal, plan, pace, Requests.none());
    }

    static RunSupervisor.Settings of(Journal journal, Plan plan, Pace pace, Requests requests) {
        return new RunSupervisor.Settings(
                new Supervisor.Submission("tiny", "d1"),
                new Decisions(plan, new FailurePolicy(3, 5, 2, 4)),
                new RunWork(plan, Plans.recipe(2, 1, 0)),
                journal,
                requests,
                RunBeacon.none(),
                Fleet.Limits.standard(),
                Watchdog.Limits.standard(),
                pace,
                "host:1",
                InstantSource.fixed(NOON),
                System::nanoTime);
    }
}
