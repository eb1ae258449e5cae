package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Sha256;
import io.blocksmith.chaos.TinyRecipe;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A run that was killed in the middle, one of whose objects is then damaged: it is noticed, named, and either mended from
 * what is left, which ends in the bytes of an undisturbed run, or refused before anything is changed.
 */
class TornAndRottenTest {
    @TempDir
    static Path folder;

    private static RunSnapshots snapshots;
    private static SortedMap<String, String> expected;

    /** What happens to a file. */
    enum Damage {
        TORN {
            @Override
            void to(Path file) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(channel.size() * 2 / 3);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        },
        ROTTEN {
            @Override
            void to(Path file) {
                try {
                    byte[] content = Files.readAllBytes(file);
                    content[content.length / 2] ^= 4;
                    Files.write(file, content);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };

        abstract void to(Path file);
    }

    @BeforeAll
    static void run() {
        snapshots = RunSnapshots.in(folder);
        expected = TinyRecipe.exports(snapshots.undisturbed());
        assertThat(expected).hasSizeGreaterThan(4);
    }

    @ParameterizedTest
    @EnumSource
    void aRecordInTheMiddleOfTheLedger(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.FIRST_BLOCK, "ledger-" + damage);
        Path record = run.resolve("ledger/00000004.json");
        damage.to(record);

        assertRefused(run, record);
    }

    @ParameterizedTest
    @EnumSource
    void theLastRecordOfTheLedger(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.FIRST_BLOCK, "last-record-" + damage);
        Path record = RunSnapshots.files(run.resolve("ledger")).getLast();
        damage.to(record);

        assertRefused(run, record);
    }

    @ParameterizedTest
    @EnumSource
    void theSpecification(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.FIRST_BLOCK, "spec-" + damage);
        Path spec = run.resolve("spec.json");
        damage.to(spec);

        assertRefused(run, spec);
    }

    @ParameterizedTest
    @EnumSource
    void theTokens(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.FIRST_BLOCK, "tokens-" + damage);
        Path tokens = run.resolve("inputs/calibration.tokens");
        damage.to(tokens);

        CommandLineRun goneOn = assertMended(run);

        assertThat(goneOn.err()).contains(tokens.toString(), "made again from");
    }

    @ParameterizedTest
    @EnumSource
    void aCapturedShard(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.FIRST_BLOCK, "capture-" + damage);
        Path shard = only(run, "boundaries/002/capture-001-part-1-attempt-1/full/");
        damage.to(shard);

        CommandLineRun goneOn = assertMended(run);

        assertThat(goneOn.err()).contains("the full stream before block 2 is made again", shard.toString());
        assertThat(damaged(run)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aShardOfABoundary(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.LAST_BLOCK, "boundary-" + damage);
        Path full = only(run, "boundaries/003/block-002-attempt-1/full/");
        Path quantized = only(run, "boundaries/003/block-002-attempt-1/quantized/");
        damage.to(full);
        damage.to(quantized);

        CommandLineRun goneOn = assertMended(run);

        assertThat(goneOn.err())
                .contains("the full stream before block 3 is made again", full.toString())
                .contains("the quantized stream before block 3 is made again", quantized.toString());
        assertThat(damaged(run)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aTrainedBlock(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.LAST_BLOCK, "block-" + damage);
        Path block = run.resolve("blocks/001/attempt-1/block.safetensors");
        damage.to(block);

        CommandLineRun goneOn = assertMended(run);

        assertThat(goneOn.err()).contains(block.toString());
        assertThat(damaged(run)).containsExactly(new TrainBlock(1));
    }

    @ParameterizedTest
    @EnumSource
    void theNewestCheckpointOfABlock(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.LAST_BLOCK, "checkpoint-" + damage);
        Path state = newest(run, "blocks/003", "state.safetensors");
        damage.to(state);

        assertSkipped(run, state.getParent());
    }

    @ParameterizedTest
    @EnumSource
    void theDescriptionOfTheNewestCheckpoint(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.LAST_BLOCK, "description-" + damage);
        Path description = newest(run, "blocks/003", "checkpoint.json");
        damage.to(description);

        assertSkipped(run, description.getParent());
    }

    @ParameterizedTest
    @EnumSource
    void theNewestCheckpointOfEndToEnd(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.END_TO_END, "end-to-end-" + damage);
        Path state = newest(run, "end-to-end", "state.safetensors");
        damage.to(state);

        assertSkipped(run, state.getParent());
    }

    @ParameterizedTest
    @EnumSource
    void theScalesAfterTheirCommit(Damage damage) {
        Path run = snapshots.copy(RunSnapshots.EXPORT, "scales-" + damage);
        Path scales = run.resolve("end-to-end/attempt-1/scales.safetensors");
        damage.to(scales);

        CommandLineRun goneOn = assertMended(run);

        assertThat(goneOn.err()).contains(scales.toString());
        assertThat(damaged(run)).containsExactly(new EndToEnd());
    }

    /** Nothing reads an export, so only a person who verifies finds it; a complete run does the stage again when asked. */
    @ParameterizedTest
    @EnumSource
    void anExportOfACompleteRun(Damage damage) {
        Path run = snapshots.copy("undisturbed", "export-" + damage);
        damage.to(run.resolve("export/gptq/model.safetensors"));

        CommandLineRun verified = CommandLineRun.of("verify", run.toString());
        assertThat(verified.exitCode()).isEqualTo(1);
        assertThat(verified.out() + verified.err()).contains("export/gptq/model.safetensors");

        assertThat(CommandLineRun.of("retry", run.toString(), "export-gptq", "--yes", "--no-wait")
                        .exitCode())
                .isZero();
        assertMended(run);
        assertThat(CommandLineRun.of("verify", run.toString()).exitCode()).isZero();
    }

    private static CommandLineRun assertMended(Path run) {
        CommandLineRun goneOn = RunSnapshots.goOn(run);
        assertThat(goneOn.exitCode()).as(goneOn.err()).isZero();
        assertThat(TinyRecipe.exports(run)).isEqualTo(expected);
        return goneOn;
    }

    private static void assertSkipped(Path run, Path checkpoint) {
        assertThat(assertMended(run).err())
                .contains("is damaged and skipped", checkpoint.getFileName().toString());
    }

    private static void assertRefused(Path run, Path named) {
        SortedMap<String, String> before = visible(run);

        CommandLineRun goneOn = RunSnapshots.goOn(run);

        assertThat(goneOn.exitCode()).isEqualTo(1);
        assertThat(goneOn.errorLine()).contains(named.toString());
        assertThat(visible(run)).isEqualTo(before);
    }

    /** Digests of all objects. */
    private static SortedMap<String, String> visible(Path run) {
        SortedMap<String, String> digests = new TreeMap<>();
        for (Path file : RunSnapshots.files(run)) {
            String name = run.relativize(file).toString();
            if (!name.startsWith(".") && !name.startsWith("scratch/")) {
                try {
                    digests.put(name, Sha256.of(file));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return digests;
    }

    private static List<Stage> damaged(Path run) {
        List<Event> events = new Ledger(DirectoryStore.open(run)).events();
        return events.stream()
                .filter(StageDamaged.class::isInstance)
                .map(event -> ((StageDamaged) event).source())
                .toList();
    }

    private static Path only(Path run, String prefix) {
        List<Path> files = RunSnapshots.files(run.resolve(prefix));
        assertThat(files).hasSize(1);
        return files.getFirst();
    }

    private static Path newest(Path run, String prefix, String name) {
        return RunSnapshots.files(run.resolve(prefix)).stream()
                .filter(file -> file.getFileName().toString().equals(name))
                .reduce((_, last) -> last)
                .orElseThrow();
    }
}
