package io.blocksmith.cluster;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.ClusterEvent.CurrentClusterState;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Looks each second at the members of the cluster, as this node sees them. */
public final class MemberWatch {
    private static final Duration EVERY = Duration.ofSeconds(1);

    private MemberWatch() {}

    /**
     * What a node sees.
     *
     * @param counts members by role and status, in this order, e.g. {@code worker}, {@code up}
     */
    public record Members(Map<List<String>, Integer> counts, int unreachable) {
        public Members {
            counts = Map.copyOf(counts);
        }
    }

    private enum Tick {
        LOOK
    }

    /** Tells {@code watcher} what {@code system} sees, until that ends. */
    public static void start(ActorSystem<?> system, Consumer<Members> watcher) {
        system.systemActorOf(watch(watcher), "member-watch", Props.empty());
    }

    private static Behavior<Tick> watch(Consumer<Members> watcher) {
        return Behaviors.withTimers(timers -> {
            timers.startTimerWithFixedDelay(Tick.LOOK, Tick.LOOK, Duration.ZERO, EVERY);
            return Behaviors.receive((context, _) -> {
                watcher.accept(seen(Cluster.get(context.getSystem()).state()));
                return Behaviors.same();
            });
        });
    }

    private static Members seen(CurrentClusterState state) {
        Map<List<String>, Integer> counts = new HashMap<>();
        for (Member member : state.getMembers()) {
            if (!member.status().equals(MemberStatus.removed())) {
                String status = member.status().toString().toLowerCase(Locale.ROOT);
                member.getRoles().stream()
                        .filter(role -> !role.startsWith("dc-"))
                        .forEach(role -> counts.merge(List.of(role, status), 1, Integer::sum));
            }
        }
        return new Members(counts, state.getUnreachable().size());
    }
}
