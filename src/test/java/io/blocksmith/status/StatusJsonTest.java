package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Request;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import io.blocksmith.stage.Figures;
import io.blocksmith.store.Lease;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.RequestBox;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatusJsonTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Instant NOW = Histories.NOON.plusSeconds(61);

    @TempDir
    Path folder;

    @Test
    void aRunUnderWayHasThisShape() throws JsonProcessingException {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            new RequestBox(run.store(), () -> NOW, () -> new UUID(1, 2)).ask(new Request.Pause("ann@host"));

            assertThat(tree(run)).isEqualTo(JSON.readTree("""
                {"version": 1, "run": "first", "where": "runs/first", "phase": "running", "rest": null,
                 "done": 6, "total": 20, "fraction": %s, "percent": %s, "seconds-left": %s,
                 "now": "2026-01-01T12:01:01Z",
                 "recipe": {"bits": 2, "group-size": 64, "symmetric": false, "segments": 2, "repair-samples": 8,
                            "train-samples": 64, "epochs": 2},
                 "supervisor": {"pulse": "live", "holder": "host:1", "host": "host", "process": %d, "epoch": 1,
                                "beat": 1, "seconds-since-beat": 1.0},
                 "stopping": false, "trouble": null,
                 "attempts": [{"stage": "block-002", "attempt": 2, "worker": "worker-1",
                    "since": "2026-01-01T12:00:00Z", "phase": "train", "epoch": 1, "epochs": 2, "step": 13, "steps": 64,
                    "loss": 0.0022, "reference": 0.0051, "tokens-per-second": 5123.4, "saved-step": 8,
                    "data-wait": 0.01, "straggler": false, "kind": "train-block", "block": 2, "step-seconds": 0.21,
                    "saved-at": "2026-01-01T12:00:40Z", "curve": [[4, 0.004], [8, 0.003]]}],
                 "blocks": [
                    {"block": 0, "segment": 0, "state": "done", "repair": "waiting", "start-loss": 0.0041,
                     "final-loss": 9.0E-4, "repair-start-loss": null, "repair-final-loss": null, "seconds": 7.4,
                     "attempts": 1, "worker": "worker-1"},
                    {"block": 1, "segment": 0, "state": "waiting", "repair": "waiting", "start-loss": null,
                     "final-loss": null, "repair-start-loss": null, "repair-final-loss": null, "seconds": null,
                     "attempts": 0, "worker": null},
                    {"block": 2, "segment": 1, "state": "running", "repair": "waiting", "start-loss": 0.0051,
                     "final-loss": null, "repair-start-loss": null, "repair-final-loss": null, "seconds": null,
                     "attempts": 2, "worker": "worker-1"},
                    {"block": 3, "segment": 1, "state": "waiting", "repair": "waiting", "start-loss": null,
                     "final-loss": null, "repair-start-loss": null, "repair-final-loss": null, "seconds": null,
                     "attempts": 0, "worker": null}],
                 "committed": [%s,
                    {"stage": "block-000", "attempts": 1, "worker": "worker-1", "at": "2026-01-01T12:00:08Z",
                     "seconds": 7.4, "start-loss": 0.0041, "final-loss": 9.0E-4, "perplexity": null},
                    {"stage": "evaluate-full-precision", "attempts": 1, "worker": "worker-1",
                     "at": "2026-01-01T12:00:08Z", "seconds": 1.0, "start-loss": null, "final-loss": null,
                     "perplexity": 7.777}],
                 "perplexities": {"full-precision": 7.777},
                 "workers": [
                    {"name": "worker-1", "numerics": "cpu", "version": "1.0", "reachable": true, "holds": ["ticket"],
                     "assists": null, "quarantined": false, "slow": false, "drained": false, "stage": "block-002",
                     "step-seconds": 0.21},
                    {"name": "worker-3", "numerics": "cpu", "version": "1.0", "reachable": true, "holds": [],
                     "assists": null, "quarantined": false, "slow": false, "drained": true, "stage": null,
                     "step-seconds": null}],
                 "last-checkpoint": {"stage": "block-002", "step": 8, "at": "2026-01-01T12:00:40Z"},
                 "events": %s,
                 "drained": ["worker-3"],
                 "requests": [{"id": "20260101T120101000-00000000", "asks": "pause", "by": "ann@host"}],
                 "failures": [{"stage": "block-002", "attempt": 1, "worker": "worker-2", "category": "worker-lost",
                    "reason": "worker worker-2 is gone", "at": "2026-01-01T12:00:00Z"}],
                 "failure": null}
                """.formatted(
                            tree(run).get("fraction"),
                            tree(run).get("percent"),
                            tree(run).get("seconds-left"),
                            ProcessHandle.current().pid(),
                            captures(),
                            tree(run).get("events"))));
        }
    }

    @Test
    void percentIsTheFractionAndGrowsWithTheWork() throws JsonProcessingException {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            JsonNode before = tree(run);
            run.beat(NOW);
            JsonNode after = tree(run);

            assertThat(before.get("percent").asDouble())
                    .isEqualTo(100 * before.get("fraction").asDouble())
                    .isBetween(1.0, 99.0);
            assertThat(after.get("percent").asDouble())
                    .isGreaterThan(before.get("percent").asDouble());
            assertThat(before.get("seconds-left").asDouble()).isPositive();
        }
    }

    @Test
    void eventsAreTheLatestFortyAndTheWarningsBefore() throws JsonProcessingException {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            for (int i = 0; i < 40; i++) {
                run.append(new Event.WorkerReturned(Histories.NOON, "worker-3"));
            }

            JsonNode events = tree(run).get("events");

            assertThat(events).hasSize(41);
            assertThat(events.get(0).get("kind").asText()).isEqualTo("stage-failed");
            int last = new Ledger(run.store()).events().size();
            assertThat(StreamSupport.stream(events.spliterator(), false)
                            .map(event -> event.get("sequence").asInt()))
                    .element(1)
                    .isEqualTo(last - 39);
            assertThat(events.get(40).get("sequence").asInt()).isEqualTo(last);
        }
    }

    @Test
    void aRunThatStoppedBecauseOfABlockSaysWhichAndWhatToDo() throws JsonProcessingException {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            Ticket ticket = run.state().nextTicket(RecordedRun.RUNNING);
            Ticket running = new Ticket(ticket.run(), ticket.stage(), ticket.attempt() - 1, ticket.epoch());
            run.append(new Event.StageFailed(
                    NOW, running, Category.NOT_FINITE, "loss is NaN at step 3", "worker-1", Evidence.NONE));
            run.append(new Event.RunStopped(NOW, Event.RestCause.FAILURE, "block-002 failed in all its tries"));
            run.beat(NOW);

            JsonNode tree = tree(run);

            assertThat(tree.get("blocks").get(2).get("state").asText()).isEqualTo("failed");
            assertThat(tree.get("blocks").get(3).get("state").asText()).isEqualTo("waiting");
            assertThat(tree.get("failure").get("stage").asText()).isEqualTo("block-002");
            assertThat(tree.get("failure").get("what-to-do").asText()).isNotBlank();
            assertThat(tree.get("attempts")).isEmpty();
            assertThat(tree.get("last-checkpoint").isNull()).isTrue();
            assertThat(tree.get("seconds-left").isNull()).isTrue();
            assertThat(tree.get("supervisor").get("pulse").asText()).isEqualTo("released");
        }
    }

    @Test
    void theLossesOfARepairStandApart() throws JsonProcessingException {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            run.commit(new Stage.RepairBlock(0), Map.of(Figures.START_LOSS, 0.685, Figures.FINAL_LOSS, 0.594));
            run.begin(new Stage.RepairBlock(1), "worker-1");
            run.beat(NOW);

            JsonNode blocks = tree(run).get("blocks");

            assertThat(blocks.get(0).get("start-loss").asDouble()).isEqualTo(0.0041);
            assertThat(blocks.get(0).get("final-loss").asDouble()).isEqualTo(0.0009);
            assertThat(blocks.get(0).get("repair-start-loss").asDouble()).isEqualTo(0.685);
            assertThat(blocks.get(0).get("repair-final-loss").asDouble()).isEqualTo(0.594);
            assertThat(blocks.get(1).get("repair").asText()).isEqualTo("running");
            assertThat(blocks.get(1).get("repair-start-loss").asDouble()).isEqualTo(0.0051);
            assertThat(blocks.get(1).get("repair-final-loss").isNull()).isTrue();
        }
    }

    private static String captures() {
        return String.join(
                ",",
                List.of("000-part-0", "000-part-1", "001-part-0", "001-part-1").stream()
                        .map(part -> """
                            {"stage": "capture-%s", "attempts": 1, "worker": "worker-1", "at": "2026-01-01T12:00:08Z",
                             "seconds": 0.5, "start-loss": null, "final-loss": null, "perplexity": null}
                            """.formatted(part))
                        .toList());
    }

    private static JsonNode tree(RecordedRun run) throws JsonProcessingException {
        Lease.Processes processes = new Lease.Processes() {
            @Override
            public String host() {
                return "host";
            }

            @Override
            public boolean isAlive(long pid) {
                return false;
            }
        };
        RunSight sight = RunSight.of("runs/first", run.store(), new Ledger(run.store()), processes, () -> NOW);
        return JSON.readTree(JSON.writeValueAsString(new StatusJson(sight).tree()));
    }
}
