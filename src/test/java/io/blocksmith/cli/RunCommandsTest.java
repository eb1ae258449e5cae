package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.LiveStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands say of runs that nobody supervises. */
class RunCommandsTest {
    @TempDir
    static Path shared;

    private static TinyRun tiny;
    private static Path finished;

    @TempDir
    Path folder;

    private Path run;

    @BeforeAll
    static void finishOne() {
        tiny = TinyRun.in(shared, TinyModel.config(2), TensorType.F32);
        finished = shared.resolve("run");
        CommandLineRun result = tiny.run(finished);
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    @BeforeEach
    void copy() throws IOException {
        run = folder.resolve("run");
        Files.walkFileTree(finished, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path copy = run.resolve(finished.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    @Test
    void statusOfAFinishedRunSaysSo() {
        CommandLineRun status = status();

        assertThat(status.exitCode()).isZero();
        assertThat(status.out()).contains("completed", "11 of 11 stages, 100.0% of the work", "nobody; the last was");
    }

    /** The shape of the JSON is a promise to programs: keys are added to it, never changed. */
    @Test
    void theJsonOfStatusTellsOfAFinishedRun() throws IOException {
        JsonNode tree = new ObjectMapper()
                .readTree(CommandLineRun.of("status", run.toString(), "--json").out());

        assertThat(tree.path("version").asInt()).isEqualTo(1);
        assertThat(tree.path("run").asText()).isEqualTo("run");
        assertThat(tree.path("phase").asText()).isEqualTo("completed");
        assertThat(tree.path("done").asInt()).isEqualTo(11);
        assertThat(tree.path("total").asInt()).isEqualTo(11);
        assertThat(tree.path("fraction").asDouble()).isEqualTo(1);
        assertThat(tree.path("seconds-left").isNull()).isTrue();
        assertThat(tree.path("percent").asDouble()).isEqualTo(100);
        assertThat(tree.path("supervisor").path("pulse").asText()).isEqualTo("released");
        assertThat(tree.path("attempts")).isEmpty();
        assertThat(tree.path("blocks"))
                .allSatisfy(block -> assertThat(block.path("state").asText()).isEqualTo("done"));
        assertThat(tree.path("committed")).hasSize(11);
        assertThat(tree.path("workers").path(0).path("name").asText()).isEqualTo("embedded");
        assertThat(tree.path("perplexities")).hasSize(4);
    }

    @Test
    void aRunThatWasNeverStartedIsOne() throws IOException {
        Path fresh = folder.resolve("fresh");
        Files.createDirectories(fresh);
        Files.copy(finished.resolve("spec.json"), fresh.resolve("spec.json"));

        CommandLineRun status = CommandLineRun.of("status", fresh.toString());

        assertThat(status.exitCode()).as(status.err()).isZero();
        assertThat(status.out()).contains("never started", "nobody has ever supervised this run");
    }

    @Test
    void aFolderThatIsNoRunIsRefused() {
        CommandLineRun status =
                CommandLineRun.of("status", folder.resolve("nothing").toString());

        assertThat(status.exitCode()).isEqualTo(2);
        assertThat(status.errorLine()).contains("is no run");
        assertThat(folder.resolve("nothing")).doesNotExist();
    }

    @Test
    void nothingCanBeAskedOfACompletedRun() {
        CommandLineRun pause = CommandLineRun.of("pause", run.toString());

        assertThat(pause.exitCode()).isEqualTo(2);
        assertThat(pause.errorLine()).contains("is complete");
        assertThat(run.resolve("requests")).doesNotExist();
    }

    @Test
    void watchingAFinishedRunEndsAtOnce() {
        CommandLineRun watch = CommandLineRun.of("watch", run.toString());

        assertThat(watch.exitCode()).isZero();
        assertThat(watch.err()).contains("completed");
    }

    @Test
    void aSoundRunIsVerified() {
        CommandLineRun verify = CommandLineRun.of("verify", run.toString());

        assertThat(verify.exitCode()).as(verify.out()).isZero();
        assertThat(verify.out()).contains("sound");
    }

    @Test
    void aFlippedBitIsFoundAndNothingIsRepaired() throws IOException {
        Path block = run.resolve("blocks/001/attempt-1/block.safetensors");
        byte[] content = Files.readAllBytes(block);
        content[content.length / 2] ^= 1;
        Files.write(block, content);

        CommandLineRun verify = CommandLineRun.of("verify", run.toString(), "--quiet");

        assertThat(verify.exitCode()).isEqualTo(1);
        assertThat(verify.out()).contains("FAULT blocks/001/attempt-1/block.safetensors", "DAMAGED");
        assertThat(block).hasBinaryContent(content);
    }

    @Test
    void aRunHeldOnASilentMachineIsTakenOverOnlyOnRequest() throws IOException {
        Path held = unfinished();
        new LiveStatus(1, "node-7 process 12", "node-7", 12, 1, 5, 0, "", false, LiveStatus.tree(Map.of()))
                .write(DirectoryStore.openForWriting(held, "test"));

        CommandLineRun refused = tiny.run(held, "--set", "patience.lease=1s");

        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.errorLine()).contains("node-7 process 12", "--takeover");

        CommandLineRun taken = tiny.run(held, "--set", "patience.lease=1s", "--takeover");

        assertThat(taken.exitCode()).as(taken.err()).isZero();
        assertThat(taken.err()).contains("taking over from node-7 process 12");
    }

    /** The run as it was before its last events. */
    private Path unfinished() throws IOException {
        List<Path> records;
        try (var ledger = Files.list(run.resolve("ledger"))) {
            records = ledger.sorted().toList();
        }
        records.subList(records.size() - 3, records.size()).forEach(RunCommandsTest::delete);
        return run;
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CommandLineRun status() {
        return CommandLineRun.of("status", run.toString());
    }
}
