package io.blocksmith.cli;

import io.blocksmith.cluster.LiveBeacon;
import io.blocksmith.cluster.Pace;
import io.blocksmith.cluster.RunSupervisor;
import io.blocksmith.config.Settings;
import io.blocksmith.run.Decisions;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.Watchdog;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import io.blocksmith.store.Retention;
import io.blocksmith.store.SweepingJournal;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;

/** What supervisors are made with; the same for a run in one process and for one of a cluster. */
final class Supervision {
    private static final double SLOW = 0.5;
    private static final Duration WINDOW = Duration.ofMinutes(1);

    private Supervision() {}

    /**
     * The settings of a supervisor.
     *
     * @param run its name
     * @param identityDigest of the run's specification
     * @param plan of the run, whose recipe is {@code recipe}
     * @param holder who supervises, for people
     */
    static RunSupervisor.Settings of(
            String run,
            String identityDigest,
            Plan plan,
            Recipe recipe,
            ObjectStore store,
            Settings settings,
            String holder) {
        Settings.Patience patience = settings.patience();
        InstantSource clock = InstantSource.system();
        Ledger ledger = new Ledger(store);
        LiveBeacon.Holder here =
                new LiveBeacon.Holder(holder, host(), ProcessHandle.current().pid());
        return new RunSupervisor.Settings(
                new RunSupervisor.RunSubmission(run, identityDigest),
                new Decisions(plan, FailurePolicy.of(recipe, patience.tries(), patience.lostWorkers())),
                new RunWork(plan, recipe),
                new SweepingJournal(ledger, new Retention(store, plan)),
                new RequestBox(store, clock, UUID::randomUUID),
                new LiveBeacon(store, ledger, here, clock, System::nanoTime),
                new Fleet.Limits(patience.lease(), patience.quarantineFaults(), patience.quarantineWindow()),
                new Watchdog.Limits(
                        patience.firstSign(), patience.leastSilence(), patience.silenceFactor(), WINDOW, SLOW),
                pace(settings),
                holder,
                clock,
                System::nanoTime);
    }

    static Pace pace(Settings settings) {
        Pace standard = Pace.standard();
        return new Pace(
                standard.progressEvery(),
                standard.repeatEvery(),
                settings.cluster().lookEvery(),
                settings.patience().stuckAfter());
    }

    /** This process, for people: host and process. */
    static String here() {
        return "%s process %d".formatted(host(), ProcessHandle.current().pid());
    }

    static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException nameless) {
            return "this machine";
        }
    }
}
