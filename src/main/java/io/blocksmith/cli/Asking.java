package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.status.RequestEffect;
import io.blocksmith.store.Lease;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.LiveStatus;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import java.io.PrintStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Asks something of a run's supervisor through the run's store, and waits until the ledger shows what came of it. */
final class Asking {
    private static final Duration LOOK_EVERY = Duration.ofMillis(300);

    @Mixin
    private RunOptions run = new RunOptions();

    @Option(names = "--no-wait", description = "Ask, and do not wait for the effect.")
    private boolean noWait;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "How long to wait for the effect (default: ${DEFAULT-VALUE}).")
    private int timeout;

    /** Who asks, for people. */
    static String by() {
        return "%s@%s".formatted(System.getProperty("user.name"), Supervision.host());
    }

    /**
     * Asks.
     *
     * @param request made when the run's state is known; refuses by throwing
     * @return the command's exit code: 0 once the effect is there, or was not to be waited for
     */
    int ask(Function<RunState, Request> request) {
        return ask((_, state) -> request.apply(state));
    }

    /** The same for a request that depends on more of the run than its state. */
    int ask(BiFunction<ObjectStore, RunState, Request> request) {
        try (ObjectStore store = run.write()) {
            Ledger ledger = new Ledger(store);
            RunState before = ledger.read();
            Request asked = request.apply(store, before);
            if (before.phase() == Phase.COMPLETED && !(asked instanceof Request.Retry)) {
                throw BlocksmithException.user("%s is complete: there is nothing to ask of it", run.where());
            }
            Optional<String> already = RequestEffect.alreadySo(asked, before);
            if (already.isPresent()) {
                say(already.get());
                return 0;
            }
            RequestBox box = new RequestBox(store, InstantSource.system(), UUID::randomUUID);
            Optional<LiveStatus> live = LiveStatus.read(store);
            String id = box.ask(asked);
            if (noWait) {
                say("asked to " + RequestEffect.name(asked));
                return 0;
            }
            return await(asked, id, box, store, ledger, live);
        }
    }

    private int await(
            Request asked, String id, RequestBox box, ObjectStore store, Ledger ledger, Optional<LiveStatus> first) {
        int known = ledger.events().size();
        boolean moved = false;
        Lease.Watch watch = RunHolder.WATCH;
        long start = watch.nanoTime();
        while (true) {
            // Before the ledger: a request is done only when its effect is durable.
            boolean pending = box.isPending(id);
            RunState now = ledger.read();
            Optional<String> shown = RequestEffect.shown(
                    asked, now, ledger.events().subList(known, ledger.events().size()));
            if (shown.isPresent()) {
                say(shown.get());
                return 0;
            }
            if (!pending && !isUnderWay(asked, now)) {
                return failed(
                        "it changed nothing; " + orElse(RequestEffect.soFar(asked, now), "the run is " + now.phase()));
            }
            Optional<LiveStatus> live = LiveStatus.read(store);
            moved |= live.isPresent() && !live.map(LiveStatus::beat).equals(first.map(LiveStatus::beat));
            boolean over =
                    watch.nanoTime() - start >= Duration.ofSeconds(timeout).toNanos();
            if (pending && (isNobody(live) || (over && !moved))) {
                return failed("nobody supervises it; the request waits for the next start");
            }
            if (over) {
                return failed("no effect within %d s; %s"
                        .formatted(timeout, orElse(RequestEffect.soFar(asked, now), "the request stays")));
            }
            watch.await(LOOK_EVERY);
        }
    }

    /** Whether the request was taken, and what it set off has not come to its end. */
    private static boolean isUnderWay(Request asked, RunState now) {
        return switch (asked) {
            case Request.Pause _ -> now.phase() == Phase.PAUSED;
            case Request.Drain(var _, String worker) -> now.drained().contains(worker);
            case Request.Resume _, Request.Cancel _, Request.Retry _, Request.Undrain _ -> false;
        };
    }

    /** Whether it is certain that nobody will read the request now. */
    private static boolean isNobody(Optional<LiveStatus> live) {
        if (live.isEmpty() || live.get().released()) {
            return true;
        }
        LiveStatus status = live.get();
        return status.host().equals(RunHolder.PROCESSES.host())
                && status.pid() != ProcessHandle.current().pid()
                && !RunHolder.PROCESSES.isAlive(status.pid());
    }

    private static String orElse(String text, String otherwise) {
        return text.isEmpty() ? otherwise : text;
    }

    private void say(String text) {
        print(System.out, text);
    }

    private int failed(String text) {
        print(System.err, text);
        return Main.FAILED;
    }

    private void print(PrintStream out, String text) {
        out.printf("%s: %s%n", run.where(), text);
    }
}
