package io.blocksmith.http;

import akka.actor.Cancellable;
import akka.actor.ClassicActorSystemProvider;
import akka.http.javadsl.IncomingConnection;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.headers.Connection;
import akka.stream.KillSwitches;
import akka.stream.Materializer;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Lets connections in, so that whoever says nothing cannot keep others out. A connection has some seconds to say its
 * whole request, and serves one. Of too many that have not yet said theirs, the oldest has to go; of too many that are being
 * answered, the newest. Akka HTTP's own bound does neither: it lets nobody in while it is reached, and its idle time-out
 * begins anew with each byte.
 */
final class Doorway {
    /**
     * How much is let in.
     *
     * @param most connections at once
     * @param silent of those, the ones whose request is not there yet
     * @param patience how long a request may take to come, its headers at least
     */
    record Limits(int most, int silent, Duration patience) {
        static final Limits STANDARD = new Limits(1024, 256, Duration.ofSeconds(10));
    }

    private final ClassicActorSystemProvider system;
    private final Limits limits;
    private final Function<HttpRequest, CompletionStage<HttpResponse>> answers;
    private final Materializer materializer;
    private final Set<Guest> guests = new LinkedHashSet<>();
    private final Set<Guest> silent = new LinkedHashSet<>();

    Doorway(
            ClassicActorSystemProvider system,
            Limits limits,
            Function<HttpRequest, CompletionStage<HttpResponse>> answers) {
        this.system = system;
        this.limits = limits;
        this.answers = answers;
        this.materializer = Materializer.createMaterializer(system);
    }

    /** One connection. */
    private static final class Guest {
        private UniqueKillSwitch door;
        private Cancellable patience;
    }

    /** Serves the connection, or closes it. */
    void enter(IncomingConnection connection) {
        Guest guest = new Guest();
        if (!admit(guest)) {
            connection.handleWith(
                    Flow.fromSinkAndSource(Sink.<HttpRequest>cancelled(), Source.<HttpResponse>empty()), materializer);
            return;
        }
        Flow<HttpRequest, HttpResponse, UniqueKillSwitch> serve = Flow.of(HttpRequest.class)
                .viaMat(KillSwitches.single(), Keep.right())
                .mapAsync(1, request -> {
                    spoke(guest);
                    return answers.apply(request);
                })
                .map(response -> response.addHeader(Connection.create("close")))
                .watchTermination((door, ended) -> {
                    ended.whenComplete((_, _) -> left(guest));
                    return door;
                });
        UniqueKillSwitch door = connection.handleWith(serve, materializer);
        Cancellable patience = system.classicSystem()
                .scheduler()
                .scheduleOnce(
                        limits.patience(),
                        () -> dismissIfSilent(guest),
                        system.classicSystem().dispatcher());
        synchronized (this) {
            guest.door = door;
            guest.patience = patience;
        }
    }

    private synchronized boolean admit(Guest guest) {
        if (guests.size() >= limits.most()) {
            return false;
        }
        if (silent.size() >= limits.silent()) {
            dismiss(silent.iterator().next());
        }
        guests.add(guest);
        silent.add(guest);
        return true;
    }

    private synchronized void spoke(Guest guest) {
        silent.remove(guest);
    }

    private synchronized void left(Guest guest) {
        silent.remove(guest);
        guests.remove(guest);
        if (guest.patience != null) {
            guest.patience.cancel();
        }
    }

    private synchronized void dismissIfSilent(Guest guest) {
        if (silent.contains(guest)) {
            dismiss(guest);
        }
    }

    private synchronized void dismiss(Guest guest) {
        silent.remove(guest);
        if (guest.door != null) {
            guest.door.shutdown();
        }
    }

    /** Closes what is still open. */
    synchronized void close() {
        for (Guest guest : List.copyOf(guests)) {
            if (guest.door != null) {
                guest.door.shutdown();
            }
        }
    }

    /** Connections now. */
    synchronized int guests() {
        return guests.size();
    }
}
