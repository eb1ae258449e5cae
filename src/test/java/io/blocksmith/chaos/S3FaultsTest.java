package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Kills.Kill;
import io.blocksmith.chaos.Kills.Victim;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.store.S3Server;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * A cluster of real JVMs whose runs are in a bucket: nodes die, and the bucket itself goes away or refuses. Every run ends
 * in the bytes of an undisturbed one in a folder.
 */
class S3FaultsTest {
    @TempDir
    static Path folder;

    /** A busy machine may make the first of the seeds, started again, found a cluster of its own. */
    private static final Map<String, String> PATIENT = Map.of("akka.cluster.seed-node-timeout", "60s");

    private static Bucket bucket;
    private static S3Server server;
    private static S3Server.Identity identity;
    private static TinyRecipe recipe;
    private static SortedMap<String, String> expected;
    private static TestCluster cluster;
    private static Kills kills;

    /** A bucket that may be read only for a while. */
    private static final class Bucket extends S3Server.Faulty {
        private volatile boolean readOnly;

        @Override
        public PutObjectResponse putBlob(PutObjectRequest request, InputStream content) {
            if (readOnly) {
                throw S3Server.refusal(403, "AccessDenied");
            }
            return super.putBlob(request, content);
        }
    }

    @BeforeAll
    static void start() throws Exception {
        recipe = TinyRecipe.in(folder, 5, 1);
        bucket = new Bucket();
        server = S3Server.start(bucket);
        identity = server.asOfThisProcess();
        RunPlace place = new RunPlace.Bucket(server, "cluster", folder.resolve("cache"));
        cluster = TestCluster.start(folder, place, 3, 2, PATIENT);
        kills = new Kills(cluster);
        expected = recipe.undisturbed();
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
        if (server != null) {
            server.close();
        }
        if (identity != null) {
            identity.close();
        }
        if (kills != null) {
            kills.printTable();
        }
    }

    @Test
    void aRunWhoseWorkerAndSupervisorAreKilledEndsInTheSameBytes() {
        kills.inRun(
                recipe.named("killed"),
                "killed",
                List.of(
                        new Kill(Phase.TRAINING, Victim.WORKER),
                        new Kill(Phase.SAVING, Victim.SUPERVISOR),
                        new Kill(Phase.SEALING, Victim.BOTH),
                        new Kill(Phase.COMMITTING, Victim.SUPERVISOR),
                        new Kill(Phase.COMMITTED, Victim.SUPERVISOR),
                        new Kill(Phase.END_TO_END, Victim.WORKER)));
        assertCompleted("killed");
        assertThat(cluster.steps("killed"))
                .as("steps of the block whose worker was killed, after that: it went on from a checkpoint in the"
                        + " bucket")
                .filteredOn(step -> step.stage().equals("block-000") && step.attempt() > 1)
                .isNotEmpty()
                .noneMatch(step -> step.step() == 1);
    }

    @Test
    void aRunWhoseBucketGoesAwayAndThenRefusesGoesOnByItself() throws Exception {
        Fault fault = cluster.arm(Phase.TRAINING.pattern());
        cluster.submit(recipe.named("cut-off"));
        fault.awaitHeld();
        Fault second = cluster.arm(Phase.SEALING.pattern());
        server.interrupt();
        fault.release();
        try {
            Waits.until(
                    "somebody to miss the bucket",
                    () -> cluster.nodes().stream().anyMatch(node -> node.log().contains("does not answer")));
        } finally {
            server.resume();
        }

        second.awaitHeld();
        second.disarm();
        bucket.readOnly = true;
        second.release();
        try {
            Waits.until(
                    "somebody to be refused",
                    () -> cluster.nodes().stream().anyMatch(node -> node.log().contains("access is denied")));
        } finally {
            bucket.readOnly = false;
        }

        assertCompleted("cut-off");
        assertThat(cluster.events("cut-off"))
                .filteredOn(RunPaused.class::isInstance)
                .allSatisfy(event -> assertThat(((RunPaused) event).cause()).isEqualTo(RestCause.STORE))
                .hasSameSizeAs(cluster.events("cut-off").stream()
                        .filter(RunResumed.class::isInstance)
                        .toList());
    }

    private static void assertCompleted(String run) {
        cluster.awaitCompleted(run);
        assertThat(new RunHistory(cluster.events(run)).wrongs()).isEmpty();
        assertThat(cluster.exports(run)).isEqualTo(expected);
    }
}
