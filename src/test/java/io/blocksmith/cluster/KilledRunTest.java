package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.Retention;
import io.blocksmith.store.RunFolder;
import io.blocksmith.store.SweepingJournal;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run in a real folder whose process is killed in the middle of a stage. */
class KilledRunTest {
    private static final Plan PLAN = Plans.of(3, 1, 0);
    private static final Stage CUT = new TrainBlock(1);

    @TempDir
    Path parent;

    private static EmbeddedRun start(RunFolder folder, ExecutorService deviceThread, ScriptedRunner runner) {
        Journal journal = new SweepingJournal(folder.ledger(), new Retention(folder.store(), PLAN));
        RunSupervisor.Settings settings = Supervision.of(journal, PLAN, Pace.standard());
        return EmbeddedRun.start(settings, new Device(runner, "test", deviceThread), new RunListener() {
            @Override
            public void recorded(Event event, RunState after) {}

            @Override
            public void progressed(Progress progress) {}
        });
    }

    @Test
    @Timeout(300)
    void goesOnAtTheStageThatWasCut() throws Exception {
        Path root = parent.resolve("run");
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process victim = new ProcessBuilder(
                        java.toString(),
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        root.toString())
                .redirectError(parent.resolve("victim.log").toFile())
                .start();
        try {
            assertThat(victim.inputReader().lines().anyMatch("cut here"::equals))
                    .isTrue();
        } finally {
            victim.destroyForcibly().waitFor(1, TimeUnit.MINUTES);
        }

        ScriptedRunner runner = new ScriptedRunner();
        try (RunFolder folder = RunFolder.open(root);
                ExecutorService deviceThread = Executors.newSingleThreadExecutor()) {
            assertThat(start(folder, deviceThread, runner)
                            .outcome()
                            .toCompletableFuture()
                            .get(2, TimeUnit.MINUTES))
                    .isInstanceOf(RunOutcome.Completed.class);
            RunState state = new Ledger(folder.store()).read();
            assertThat(runner.ran().getFirst().stage()).isEqualTo(CUT);
            assertThat(runner.ran()).hasSize(PLAN.stages().size() - 2);
            assertThat(state.epoch()).isEqualTo(2);
            assertThat(state.stage(CUT).attempts()).isEqualTo(2);
        }
    }

    /** Runs until the stage that it never finishes. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] arguments) throws Exception {
            ScriptedRunner runner = new ScriptedRunner().at(CUT, (ticket, monitor) -> {
                System.out.println("cut here");
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException stopped) {
                    throw new IllegalStateException(stopped);
                }
                return ScriptedRunner.succeed(ticket, monitor);
            });
            try (RunFolder folder = RunFolder.open(Path.of(arguments[0]));
                    ExecutorService deviceThread = Executors.newSingleThreadExecutor()) {
                start(folder, deviceThread, runner)
                        .outcome()
                        .toCompletableFuture()
                        .join();
            }
        }
    }
}
