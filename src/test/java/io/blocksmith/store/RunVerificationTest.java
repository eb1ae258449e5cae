package io.blocksmith.store;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.RunVerification.Finding;
import io.blocksmith.store.RunVerification.Result;
import io.blocksmith.store.RunVerification.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run of three blocks after its first one: the capture's hidden states are superseded, block 0's are needed. */
class RunVerificationTest {
    private static final String BLOCK = "blocks/000/attempt-1/block.safetensors";
    private static final String BOUNDARY = "boundaries/001/block-000-attempt-1/full/shard-000.act";
    private static final String CAPTURED = "boundaries/000/capture-000-part-0-attempt-1/full/shard-000.act";
    private static final String CHECKPOINT = "blocks/001/attempt-1/checkpoint-0000000096/";

    @TempDir
    Path root;

    private ObjectStore store;
    private Ledger ledger;

    private record Identity(Recipe recipe, String modelDigest) {}

    /** Ways to lose what was stored. */
    enum Damage {
        TRUNCATED {
            @Override
            void to(Path file) throws IOException {
                byte[] content = Files.readAllBytes(file);
                Files.write(file, Arrays.copyOf(content, content.length / 2));
            }
        },
        ONE_BIT_FLIPPED {
            @Override
            void to(Path file) throws IOException {
                byte[] content = Files.readAllBytes(file);
                content[content.length / 2] ^= 1;
                Files.write(file, content);
            }
        },
        MISSING {
            @Override
            void to(Path file) throws IOException {
                Files.delete(file);
            }
        };

        abstract void to(Path file) throws IOException;
    }

    @BeforeEach
    void run() throws IOException {
        store = DirectoryStore.openForWriting(root, "test");
        SpecFile spec =
                SpecFile.of(new Identity(Plans.recipe(2, 1, 0), "m1"), Map.of()).writeOrConfirm(store);
        ledger = new Ledger(store);
        ledger.append(new RunSubmitted(NOON, "tiny", spec.identityDigest(), 3));
        ledger.append(new SupervisorStarted(NOON, 1, "host:1"));
        commit(new Capture(0, 0), CAPTURED);
        commit(new TrainBlock(0), BLOCK, BOUNDARY);
        store.delete(CAPTURED);
        ledger.append(
                new StageStarted(NOON, new Ticket("tiny", new TrainBlock(1), 1, 1), WORKER, "test", Adjustment.NONE));
        ObjectRef state = put(CHECKPOINT + "state.safetensors");
        store.createIfAbsent(
                CHECKPOINT + "checkpoint.json",
                Json.MAPPER.writeValueAsBytes(Map.of("bytes", state.bytes(), "sha256", state.sha256(), "step", 96)));
        beat();
    }

    private void commit(Stage stage, String... names) throws IOException {
        Ticket ticket = new Ticket("tiny", stage, 1, 1);
        List<ObjectRef> objects = new ArrayList<>();
        for (String name : names) {
            objects.add(put(name));
        }
        ledger.append(new StageStarted(NOON, ticket, WORKER, "test", Adjustment.NONE));
        ledger.append(new StageCommitted(NOON, ticket, new StageResult(objects, Map.of())));
    }

    private ObjectRef put(String name) throws IOException {
        return store.put(name, Files.writeString(store.temporary(name), "content of " + name));
    }

    private void beat() {
        new LiveStatus(
                        LiveStatus.VERSION,
                        "host:1",
                        "host",
                        1,
                        1,
                        9,
                        ledger.end().sequence(),
                        ledger.end().digest(),
                        true,
                        JsonNodeFactory.instance.objectNode())
                .write(store);
    }

    private Result verify() {
        return RunVerification.verify(DirectoryStore.open(root), (object, bytes, ofBytes) -> {});
    }

    private List<Finding> faults() {
        return verify().findings().stream()
                .filter(finding -> finding.severity() == Severity.FAULT)
                .toList();
    }

    @Test
    void aSoundRunHasNoFindings() throws IOException {
        Result result = verify();
        assertThat(result.findings()).isEmpty();
        assertThat(result.records()).isEqualTo(7);
        assertThat(result.objects()).isEqualTo(3);
        assertThat(result.bytes())
                .isEqualTo(Files.size(root.resolve(BLOCK))
                        + Files.size(root.resolve(BOUNDARY))
                        + Files.size(root.resolve(CHECKPOINT + "state.safetensors")));
    }

    @Test
    void progressCountsUpToAllBytes() {
        List<Long> left = new ArrayList<>();
        RunVerification.verify(store, (object, bytes, ofBytes) -> left.add(ofBytes - bytes));
        assertThat(left).hasSize(3).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(left.getLast()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedBlockIsNamed(Damage damage) throws IOException {
        damage.to(root.resolve(BLOCK));
        assertThat(faults()).singleElement().extracting(Finding::object).isEqualTo(BLOCK);
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedBoundaryThatIsNeededIsNamed(Damage damage) throws IOException {
        damage.to(root.resolve(BOUNDARY));
        assertThat(faults()).singleElement().extracting(Finding::object).isEqualTo(BOUNDARY);
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedCheckpointIsNamed(Damage damage) throws IOException {
        damage.to(root.resolve(CHECKPOINT + "state.safetensors"));
        assertThat(faults()).singleElement().extracting(Finding::object).isEqualTo(CHECKPOINT + "state.safetensors");
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedRecordInsideTheLedgerIsNamed(Damage damage) throws IOException {
        damage.to(root.resolve("ledger/00000003.json"));
        assertThat(faults()).anySatisfy(finding -> {
            assertThat(finding.object()).isEqualTo("ledger");
            assertThat(finding.found()).containsPattern("ledger/0000000[34].json");
        });
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedLastRecordIsNoticedByTheHeartbeat(Damage damage) throws IOException {
        damage.to(root.resolve("ledger/00000007.json"));
        assertThat(faults()).extracting(Finding::object).contains("ledger/00000007.json");
    }

    @Test
    void aLastRecordWithAnotherReadableContentIsNoticed() throws IOException {
        Path last = root.resolve("ledger/00000007.json");
        Files.writeString(last, Files.readString(last).replace("worker-1", "worker-2"));
        assertThat(faults()).singleElement().extracting(Finding::object).isEqualTo("ledger/00000007.json");
    }

    @Test
    void theHeartbeatMayLagBehindTheLedger() {
        ledger.append(new SupervisorStarted(NOON, 2, "host:2"));
        assertThat(faults()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedSpecificationIsNamed(Damage damage) throws IOException {
        damage.to(root.resolve("spec.json"));
        assertThat(faults()).extracting(Finding::object).contains("spec.json");
    }

    @Test
    void theSpecificationOfAnotherRunIsNoticed() throws IOException {
        Files.delete(root.resolve("spec.json"));
        SpecFile.of(new Identity(Plans.recipe(3, 1, 0), "m1"), Map.of()).writeOrConfirm(store);
        assertThat(faults()).singleElement().extracting(Finding::object).isEqualTo("spec.json");
    }

    @Test
    void leftoversAreNotedOnly() throws IOException {
        put("blocks/000/attempt-9/block.safetensors");
        put(CAPTURED);
        Files.writeString(store.scratch().resolve("shard"), "x");
        Path unfinished = store.temporary("a");
        Result result = verify();
        assertThat(result.sound()).isTrue();
        assertThat(result.findings())
                .extracting(Finding::object)
                .containsExactlyInAnyOrder(
                        "blocks/000/attempt-9/block.safetensors",
                        CAPTURED,
                        "scratch/test/shard",
                        root.relativize(unfinished).toString());
    }
}
