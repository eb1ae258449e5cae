package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Stage;
import io.blocksmith.store.S3Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two clusters that know nothing of each other, over one place of runs. */
class TwoWritersTest {
    private static final String RUN = "run";

    @TempDir
    Path folder;

    @Test
    @Timeout(1800)
    void ofTwoSupervisorsOverAFolderOneCommitsAndTheOtherStepsBack() throws IOException, InterruptedException {
        twoClustersOver(new RunPlace.Folder(folder.resolve("runs")));
    }

    @Test
    @Timeout(1800)
    void ofTwoSupervisorsOverABucketOneCommitsAndTheOtherStepsBack() throws Exception {
        try (S3Server server = S3Server.start();
                var _ = server.asOfThisProcess()) {
            twoClustersOver(new RunPlace.Bucket(server, "cluster", folder.resolve("cache")));
        }
    }

    private void twoClustersOver(RunPlace place) throws IOException, InterruptedException {
        TinyRecipe recipe = TinyRecipe.in(folder, 3, 1);
        SortedMap<String, String> expected = recipe.undisturbed();
        try (TestCluster first = TestCluster.start(folder.resolve("first"), place, 1, 1, Map.of())) {
            Fault held = first.arm("step block-001 train step 3 .*");
            first.submit(recipe.named(RUN));
            held.awaitHeld();

            // The second hears nothing of the first one's worker, and is not to wait for it long.
            Map<String, String> soon = Map.of("patience.lease", "5s");
            try (TestCluster second = TestCluster.start(folder.resolve("second"), place, 1, 0, soon)) {
                second.addWorker("other").start();
                Waits.until(
                        "a second supervisor",
                        () -> first.events(RUN).stream()
                                        .filter(SupervisorStarted.class::isInstance)
                                        .count()
                                > 1);
                held.release();

                first.awaitCompleted(RUN);
                Waits.until(
                        "the first to step back",
                        () -> first.coordinators().getFirst().log().contains("stepping back"));
            }
            List<Stage> committed = first.events(RUN).stream()
                    .filter(StageCommitted.class::isInstance)
                    .map(event -> ((StageCommitted) event).ticket().stage())
                    .toList();
            assertThat(committed).doesNotHaveDuplicates();
            assertThat(first.exports(RUN)).isEqualTo(expected);
        }
    }
}
