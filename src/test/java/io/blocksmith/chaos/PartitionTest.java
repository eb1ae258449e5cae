package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.SupervisorStarted;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Hosts of a cluster that lose each other for a while or for good, while they still share the run's folder. */
class PartitionTest {
    private static final int COORDINATORS = 3;
    private static final int WORKERS = 2;
    private static final String RUN = "run";

    @TempDir
    static Path shared;

    private static TinyRecipe recipe;
    private static SortedMap<String, String> expected;

    @TempDir
    Path folder;

    private Hosts hosts;
    private TestCluster cluster;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        try {
            hosts = Hosts.create(COORDINATORS + WORKERS);
        } catch (Hosts.Refused refused) {
            Assumptions.abort("no partitions here: " + refused.getMessage());
        }
        if (recipe == null) {
            recipe = TinyRecipe.in(shared, 3, 2);
            expected = recipe.undisturbed();
        }
        // As delivered: what is fast elsewhere would take a cut of 4 s for a death.
        cluster = TestCluster.start(
                folder,
                hosts,
                COORDINATORS,
                WORKERS,
                Map.of(
                        "patience.lease", "30s",
                        "akka.cluster.failure-detector.acceptable-heartbeat-pause", "5s",
                        "akka.cluster.split-brain-resolver.stable-after", "7s"));
        awaitUp();
    }

    /** One that is not up has no vote: cut off from two such, the only one that has would be the majority. */
    private void awaitUp() {
        for (int host = 0; host < COORDINATORS + WORKERS; host++) {
            String up = "MemberUp(Member(akka://blocksmith@%s:".formatted(hosts.address(host));
            Waits.until(
                    up,
                    () -> cluster.coordinators().stream()
                            .allMatch(node -> node.log().contains(up)));
        }
    }

    @AfterEach
    void end() {
        if (cluster != null) {
            cluster.close();
        }
        if (hosts != null) {
            hosts.close();
        }
    }

    @Test
    @Timeout(1800)
    void aWorkerThatIsCutForFourSecondsLosesNothing() {
        Fault held = cluster.arm("step block-001 train step 3 .*");
        cluster.submit(recipe.named(RUN));
        int host = host(cluster.node(held.awaitHeld()).orElseThrow());

        hosts.cut(host);
        LockSupport.parkNanos(Duration.ofSeconds(4).toNanos());
        hosts.heal(host);
        held.release();

        cluster.awaitCompleted(RUN);
        assertThat(cluster.events(RUN)).noneMatch(StageFailed.class::isInstance);
        assertThat(TinyRecipe.exports(cluster.runs().resolve(RUN))).isEqualTo(expected);
    }

    @Test
    @Timeout(1800)
    void aWorkerThatIsCutForGoodEndsItselfAndItsWorkMoves() {
        Fault held = cluster.arm("step block-001 train step 3 .*");
        cluster.submit(recipe.named(RUN));
        TestNode lost = cluster.node(held.awaitHeld()).orElseThrow();

        lost.keep(false);
        hosts.cut(host(lost));
        held.release();

        Waits.until(lost.name() + " to end itself", () -> !lost.exits().isEmpty());
        assertThat(lost.exits()).as(lost.log()).containsExactly(255);
        cluster.awaitCompleted(RUN);
        assertThat(TinyRecipe.exports(cluster.runs().resolve(RUN))).isEqualTo(expected);
    }

    @Test
    @Timeout(1800)
    void aSupervisorWhoseNodeIsCutIsReplaced() {
        Fault held = cluster.arm("step block-001 train step 3 .*");
        cluster.submit(recipe.named(RUN));
        held.awaitHeld();
        TestNode before = cluster.supervisor(RUN).orElseThrow();

        before.keep(false);
        hosts.cut(host(before));
        Waits.until("another supervisor", () -> supervisors().size() > 1);
        held.release();

        cluster.awaitCompleted(RUN);
        Waits.until(before.name() + " to end itself", () -> !before.exits().isEmpty());
        assertThat(supervisors()).doesNotHaveDuplicates();
        assertThat(TinyRecipe.exports(cluster.runs().resolve(RUN))).isEqualTo(expected);
    }

    private List<Long> supervisors() {
        return cluster.events(RUN).stream()
                .filter(SupervisorStarted.class::isInstance)
                .map(Event::at)
                .map(at -> at.toEpochMilli())
                .toList();
    }

    private int host(TestNode node) {
        return cluster.nodes().indexOf(node);
    }
}
