package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.DamagedResultException;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageResult;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks that are trained again after what entered them was lost leave the same bytes. */
class HiddenStatesTest {
    /** 31 windows: the last batch of a pass is smaller, and one holds trained windows and others. */
    private static final int BATCH = 5;

    @TempDir
    Path folder;

    @Test
    void aDamagedBoundaryIsMadeAgainFromTheOneBeforeIt() throws IOException {
        StagedRun run = trained(1, 0);
        Map<String, String> before = digests(run, new TrainBlock(2));
        for (String stream : List.of("full", "quantized")) {
            flipABit(named(run, new TrainBlock(1), stream));
        }
        run.reopen();

        assertThat(again(run, new TrainBlock(2))).isEqualTo(before).hasSize(4);
    }

    @Test
    void withNoBoundaryLeftTheChainStartsFromTheEmbeddings() throws IOException {
        StagedRun run = trained(2, 0);
        Map<String, String> block3 = digests(run, new TrainBlock(3));
        Map<String, String> block2 = digests(run, new TrainBlock(2));
        Map<String, String> capture = digests(run, new Capture(1, 1));
        deleteBoundaries(_ -> true);

        assertThat(again(run, new TrainBlock(3))).isEqualTo(block3);
        assertThat(again(run, new TrainBlock(2))).isEqualTo(block2);
        assertThat(again(run, new Capture(1, 1))).isEqualTo(capture);
    }

    @Test
    void theRepairPassStartsFromTheEmbeddingsAgainOnItsOwnWindows() throws IOException {
        StagedRun run = trained(2, 11);
        Map<String, String> before = digests(run, new RepairBlock(3));
        deleteBoundaries(name -> name.contains("/repair-"));

        assertThat(again(run, new RepairBlock(3))).isEqualTo(before);
    }

    @Test
    void aRottenBlockOnTheWayIsSentBackToTheStageThatLeftIt() throws IOException {
        StagedRun run = trained(1, 0);
        flipABit(named(run, new TrainBlock(1), BlockStage.FILE));
        deleteBoundaries(_ -> true);
        run.reopen();

        assertThatThrownBy(() -> again(run, new TrainBlock(3)))
                .isInstanceOfSatisfying(
                        DamagedResultException.class,
                        damaged -> assertThat(damaged.source()).isEqualTo(new TrainBlock(1)))
                .hasMessageContaining("blocks/001/attempt-1/block.safetensors")
                .hasMessageContaining("expected")
                .hasMessageContaining("found");
    }

    private StagedRun trained(int segments, int repaired) {
        StagedRun run =
                StagedRun.in(folder, TinyModel.everyOption(4), StagedRecipes.repaired(segments, BATCH, repaired));
        for (Stage stage : run.context().plan().stages()) {
            if (stage instanceof Capture || stage instanceof TrainBlock || stage instanceof RepairBlock) {
                run.complete(stage);
            }
        }
        return run;
    }

    private static Map<String, String> again(StagedRun run, Stage stage) {
        run.ledger().read();
        run.ledger().append(new StageReset(Instant.EPOCH, stage, "test"));
        return digests(run.complete(stage));
    }

    private static Map<String, String> digests(StagedRun run, Stage stage) {
        return digests(run.ledger().read().result(stage).orElseThrow());
    }

    /** Without the curves, which tell of seconds. */
    private static Map<String, String> digests(StageResult result) {
        Map<String, String> digests = new TreeMap<>();
        for (ObjectRef object : result.objects()) {
            digests.put(object.name().replaceAll("attempt-[0-9]+", "attempt"), object.sha256());
        }
        return digests;
    }

    private Path named(StagedRun run, Stage stage, String part) {
        ObjectRef object = run.ledger().read().result(stage).orElseThrow().objects().stream()
                .filter(found -> found.name().contains(part))
                .findFirst()
                .orElseThrow();
        return folder.resolve("run").resolve(object.name());
    }

    private static void flipABit(Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 4;
        Files.write(file, content);
    }

    private void deleteBoundaries(Predicate<String> which) throws IOException {
        Path boundaries = folder.resolve("run").resolve(RunNames.BOUNDARIES);
        try (var files = Files.walk(boundaries)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (which.test(file.toString())) {
                    Files.delete(file);
                }
            }
        }
    }
}
