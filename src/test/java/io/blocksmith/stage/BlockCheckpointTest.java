package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A block whose training is interrupted: what is saved, what is gone on from, and that the bytes are the same. */
class BlockCheckpointTest {
    private static final Duration NEVER = Duration.ofHours(1);
    private static final String NINTH = "blocks/000/attempt-3/checkpoint-0000000009/";

    @TempDir
    Path folder;

    private BlockRun run;

    @BeforeEach
    void captureAModel() {
        run = new BlockRun(folder);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 12, BlockRun.STEPS})
    void aCancelledAttemptSavesAndTheNextEndsInTheBytesOfAnUndisturbedOne(int step) {
        Map<String, String> undisturbed = run.attempt(1, NEVER, 0).digests();

        BlockRun.Attempt cancelled = run.attempt(2, NEVER, step);
        assertThat(cancelled.failure()).containsInstanceOf(CancellationException.class);
        assertThat(cancelled.told().getLast().step()).isEqualTo(step);
        assertThat(cancelled.told().getLast().savedStep()).isEqualTo(step);
        assertThat(run.checkpoints())
                .containsExactly(
                        "blocks/000/attempt-2/checkpoint-%010d/checkpoint.json".formatted(step),
                        "blocks/000/attempt-2/checkpoint-%010d/state.safetensors".formatted(step));

        BlockRun.Attempt resumed = run.attempt(3, NEVER, 0);
        assertThat(resumed.trained()).hasSize(BlockRun.STEPS - step);
        assertThat(resumed.digests())
                .containsKeys("blocks/000/attempt/block.safetensors", "blocks/000/attempt/curves.json")
                .isEqualTo(undisturbed);
    }

    @Test
    void interruptionAfterInterruptionChangesNoBytes() {
        Map<String, String> undisturbed = run.attempt(1, NEVER, 0).digests();

        for (int attempt = 2; attempt <= 6; attempt++) {
            run.attempt(attempt, NEVER, 4 * (attempt - 1));
        }

        assertThat(run.attempt(7, NEVER, 0).digests()).isEqualTo(undisturbed);
    }

    @Test
    void theTwoNewestCheckpointsAreKept() {
        run.attempt(1, NEVER, 4);
        run.attempt(2, NEVER, 8);
        run.attempt(3, NEVER, 12);

        assertThat(run.checkpoints())
                .containsExactly(
                        "blocks/000/attempt-2/checkpoint-0000000008/checkpoint.json",
                        "blocks/000/attempt-2/checkpoint-0000000008/state.safetensors",
                        "blocks/000/attempt-3/checkpoint-0000000012/checkpoint.json",
                        "blocks/000/attempt-3/checkpoint-0000000012/state.safetensors");
    }

    @Test
    void anUndisturbedAttemptSavesAtItsInterval() {
        run.attempt(1, Duration.ofSeconds(5), 0);

        assertThat(run.checkpoints())
                .hasSizeBetween(2, 4)
                .allMatch(name -> name.startsWith("blocks/000/attempt-1/checkpoint-"));
    }

    @Test
    void savingAtEveryStepChangesNoBytes() {
        Map<String, String> undisturbed = run.attempt(1, NEVER, 0).digests();

        assertThat(run.attempt(2, Duration.ofNanos(1), 0).digests()).isEqualTo(undisturbed);
    }

    @Test
    void aResumedAttemptTellsItsReferenceAndWhatIsSavedFromTheStart() {
        BlockRun.Attempt cancelled = run.attempt(1, NEVER, 7);
        Progress first = run.attempt(2, NEVER, 0).trained().getFirst();

        assertThat(first.step()).isEqualTo(8);
        assertThat(first.savedStep()).isEqualTo(7);
        assertThat(first.reference())
                .isEqualTo(cancelled.trained().getFirst().reference())
                .isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"flipped", "truncated", "gone", "unreadable"})
    void aDamagedCheckpointIsSkippedForTheOneBefore(String damage) throws IOException {
        Map<String, String> undisturbed = run.attempt(1, NEVER, 0).digests();
        run.attempt(2, NEVER, 5);
        run.attempt(3, NEVER, 9);
        assertThat(run.checkpoints()).hasSize(4).contains(NINTH + "state.safetensors");

        damage(damage);
        BlockRun.Attempt resumed = run.attempt(4, NEVER, 0);

        assertThat(resumed.trained().getFirst().step()).isEqualTo(6);
        assertThat(resumed.digests()).isEqualTo(undisturbed);
    }

    private void damage(String damage) throws IOException {
        Path state = run.object(NINTH + "state.safetensors");
        Path manifest = run.object(NINTH + "checkpoint.json");
        byte[] content = Files.readAllBytes(state);
        switch (damage) {
            case "flipped" -> {
                content[content.length / 2] ^= 4;
                Files.write(state, content);
            }
            case "truncated" -> Files.write(state, Arrays.copyOf(content, content.length - 1));
            case "gone" -> Files.delete(state);
            case "unreadable" -> Files.write(manifest, Arrays.copyOf(Files.readAllBytes(manifest), 20));
            default -> throw new AssertionError(damage);
        }
    }

    @Test
    void aCheckpointOfAnotherLearningRateIsNotGoneOnFrom() {
        run.attempt(1, NEVER, 9);

        BlockRun.Attempt halved = run.attempt(2, new Adjustment(0.5, 1), NEVER, 4);
        BlockRun.Attempt again = run.attempt(3, new Adjustment(0.5, 1), NEVER, 0);

        assertThat(halved.trained().getFirst().step()).isEqualTo(1);
        assertThat(again.trained().getFirst().step()).isEqualTo(5);
    }

    @Test
    void aBatchInPartsGoesOnFromACheckpointOfWholeBatches() {
        run.attempt(1, NEVER, 9);

        BlockRun.Attempt parts = run.attempt(2, new Adjustment(1, 2), NEVER, 0);

        assertThat(parts.trained().getFirst().step()).isEqualTo(10);
        assertThat(parts.result()).isPresent();
    }

    @Test
    void aFullStoreKeepsTheLastGoodCheckpointAndEndsTheAttemptAfterTwoIntervals() {
        Map<String, String> undisturbed = run.attempt(1, NEVER, 0).digests();
        run.attempt(2, NEVER, 3);
        run.freeBytes(1000);

        BlockRun.Attempt failed = run.attempt(3, Duration.ofSeconds(4), 0);

        assertThat(failed.failure().orElseThrow())
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("the last good checkpoint is after step 3")
                .extracting("category")
                .isEqualTo(Category.STORE_FULL);
        assertThat(failed.trained().getLast().step()).isBetween(11L, 12L);
        assertThat(run.checkpoints()).hasSize(2);

        run.freeBytes(Long.MAX_VALUE);
        BlockRun.Attempt resumed = run.attempt(4, NEVER, 0);
        assertThat(resumed.trained().getFirst().step()).isEqualTo(4);
        assertThat(resumed.digests()).isEqualTo(undisturbed);
    }
}
