package io.blocksmith.cli;

import io.blocksmith.cluster.LiveRun;
import io.blocksmith.run.Event;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.status.HeartbeatWatch;
import io.blocksmith.status.RunSight;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A run as it goes on, wherever it does. */
@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Shows a run as it goes on, until it ends or Ctrl-C; the run does not notice.")
final class WatchCommand implements Callable<Integer> {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    @Mixin
    private RunOptions run = new RunOptions();

    @Override
    public Integer call() {
        try (ObjectStore store = run.look()) {
            return watch(store);
        }
    }

    private int watch(ObjectStore store) {
        Ledger ledger = new Ledger(store);
        HeartbeatWatch watch = new HeartbeatWatch(System::nanoTime);
        RunSight sight = look(store, ledger, watch);
        System.err.println(new StatusText(sight).text());
        if (sight.plan().isEmpty() || isOver(sight.state())) {
            return code(sight.state());
        }
        RunView view = new RunView(
                Terminal.drawing(),
                Terminal.isInteractive(),
                sight.work(sight.plan().get()),
                sight.state().blocks(),
                System::nanoTime);
        try {
            RunState state = RunState.empty();
            int told = sight.events().size();
            for (Event event : sight.events()) {
                state = state.after(event);
            }
            view.knows(state);
            RunSight.Pulse pulse = sight.pulse();
            while (!isOver(state)) {
                RunHolder.WATCH.await(LOOK_EVERY);
                sight = look(store, ledger, watch);
                List<Event> events = sight.events();
                for (Event event : events.subList(told, events.size())) {
                    state = state.after(event);
                    view.recorded(event, state);
                }
                told = events.size();
                view.takes(sight.secondsLeft());
                sight.attempts().stream().map(LiveRun.Attempt::progress).forEach(view::progressed);
                if (sight.pulse() != pulse) {
                    pulse = sight.pulse();
                    view.line("held by " + StatusText.supervisor(sight));
                }
            }
            return code(state);
        } finally {
            view.finish();
        }
    }

    private RunSight look(ObjectStore store, Ledger ledger, HeartbeatWatch watch) {
        return RunSight.of(run.where(), store, ledger, watch, RunHolder.PROCESSES, InstantSource.system());
    }

    private static boolean isOver(RunState state) {
        return state.phase() == Phase.COMPLETED || state.phase() == Phase.STOPPED;
    }

    private static int code(RunState state) {
        return state.phase() == Phase.STOPPED ? Main.FAILED : 0;
    }
}
