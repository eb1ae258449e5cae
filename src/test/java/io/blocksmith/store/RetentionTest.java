package io.blocksmith.store;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.result;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames.Stream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    @TempDir
    Path root;

    private final Plan plan = Plans.of(3, 1, 0);
    private ObjectStore store;
    private Retention retention;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(root, "test");
        retention = new Retention(store, plan);
    }

    private List<String> sweep(RunState state) {
        return retention.sweep(retention.listed(), state);
    }

    private String boundary(Stage stage, int attempt, int block) {
        String name = RunNames.boundary(new Ticket("tiny", stage, attempt, 1), block, Stream.FULL) + "shard-000.act";
        store.put(name, store.temporary(name));
        return name;
    }

    @Test
    void aBoundaryGoesOnceTheBlockThatReadsItHasCommitted() {
        String captured = boundary(new Capture(0, 0), 1, 0);
        assertThat(sweep(commit(started(3), new Capture(0, 0)))).isEmpty();
        String first = boundary(new TrainBlock(0), 1, 1);
        assertThat(sweep(commit(started(3), new Capture(0, 0), new TrainBlock(0))))
                .containsExactly(captured);
        assertThat(store.list("")).containsExactly(first);
    }

    @Test
    void whatAFailedAttemptLeftGoes() {
        String captured = boundary(new Capture(0, 0), 1, 0);
        boundary(new TrainBlock(0), 1, 1);
        sweep(commit(started(3), new Capture(0, 0)));
        assertThat(store.list("")).containsExactly(captured);
    }

    @Test
    void whatARunningAttemptWritesStays() {
        String captured = boundary(new Capture(0, 0), 1, 0);
        String written = boundary(new TrainBlock(0), 1, 1);
        RunState state = commit(started(3), new Capture(0, 0));
        sweep(fold(state, start(state, new TrainBlock(0))));
        assertThat(store.list("")).containsExactly(captured, written);
    }

    private String put(String name) {
        store.put(name, store.temporary(name));
        return name;
    }

    private void checkpoint(int attempt, long step) {
        String prefix = "blocks/000/attempt-%d/checkpoint-%010d/".formatted(attempt, step);
        put(prefix + "state.safetensors");
        put(prefix + "checkpoint.json");
    }

    @Test
    void checkpointsGoOnceTheirStageHasCommitted() {
        checkpoint(1, 96);
        String block = put("blocks/000/attempt-1/block.safetensors");
        put("blocks/001/attempt-1/checkpoint-0000000001/state.safetensors");
        sweep(commit(started(3), new Capture(0, 0), new TrainBlock(0)));
        assertThat(store.list("blocks/"))
                .containsExactly(block, "blocks/001/attempt-1/checkpoint-0000000001/state.safetensors");
    }

    @Test
    void checkpointsOfAnEarlierAttemptStayUntilTheNextHasTwo() {
        checkpoint(1, 96);
        checkpoint(2, 120);
        put("blocks/000/attempt-2/checkpoint-0000000140/state.safetensors");
        RunState state = commit(started(3), new Capture(0, 0));
        assertThat(sweep(state)).isEmpty();
        put("blocks/000/attempt-2/checkpoint-0000000140/checkpoint.json");
        assertThat(sweep(state))
                .containsExactly(
                        "blocks/000/attempt-1/checkpoint-0000000096/checkpoint.json",
                        "blocks/000/attempt-1/checkpoint-0000000096/state.safetensors");
    }

    @Test
    void gradientsStayForTheNextAttemptUntilTheStageHasCommitted() {
        String before = put("end-to-end/attempt-1/exchange/step-1/shard-0");
        String used = put("end-to-end/attempt-2/exchange/step-1/shard-0");
        RunState ready = commit(started(3), new Capture(0, 0), new TrainBlock(0), new TrainBlock(1), new TrainBlock(2));
        Ticket first = ready.nextTicket(new EndToEnd());
        RunState again = fold(ready, start(ready, new EndToEnd()), new StageCancelled(NOON, first, Evidence.NONE));
        RunState running = fold(again, start(again, new EndToEnd()));
        assertThat(sweep(again)).isEmpty();
        assertThat(sweep(running)).isEmpty();
        Ticket second = again.nextTicket(new EndToEnd());
        assertThat(sweep(fold(running, new StageCommitted(NOON, second, result(second)))))
                .containsExactly(before, used);
    }

    @Test
    void twoSupervisorsMaySweepAtOnce() throws Exception {
        for (int i = 0; i < 50; i++) {
            put("boundaries/000/capture-000-part-0-attempt-1/full/shard-%03d.act".formatted(i));
        }
        RunState state = commit(started(3), new Capture(0, 0), new TrainBlock(0));
        ObjectStoreContract.atOnce(2, () -> sweep(state));
        assertThat(store.list("")).isEmpty();
    }

    @Test
    void whatIsWrittenAfterTheListingStays() {
        RunState state = commit(started(3), new Capture(0, 0));
        List<String> listed = retention.listed();
        String written = boundary(new TrainBlock(0), 1, 1);
        assertThat(retention.sweep(listed, state)).isEmpty();
        assertThat(store.list("")).containsExactly(written);
    }
}
