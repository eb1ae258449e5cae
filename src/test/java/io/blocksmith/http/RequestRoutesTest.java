package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.run.Event;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Request;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.RequestBox;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is asked lies in the run's store, for whoever supervises it. */
class RequestRoutesTest {
    private static final String RUN = "/api/v1/runs/first/";
    private static final String BY = "api@host";

    @TempDir
    Path folder;

    private RecordedRun run;
    private TestServer server;

    @BeforeEach
    void serve() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
        server = TestServer.over(folder);
    }

    @AfterEach
    void close() {
        server.close();
        run.close();
    }

    @Test
    void everyKindOfRequestReachesTheStore() {
        assertAsked("pause", "", new Request.Pause(BY));
        assertAsked("cancel", "{}", new Request.Cancel(BY));
        assertAsked("retry", "{\"stage\": \"block-001\"}", new Request.Retry(BY, new Stage.TrainBlock(1)));
        assertAsked("retry", "{\"stage\": \"0\", \"yes\": true}", new Request.Retry(BY, RecordedRun.DONE));
        assertAsked("drain", "{\"worker\": \"worker-1\"}", new Request.Drain(BY, "worker-1"));
        assertAsked("undrain", "{\"worker\": \"worker-3\"}", new Request.Undrain(BY, "worker-3"));
    }

    private void assertAsked(String command, String body, Request expected) {
        HttpResponse<String> answer = server.post(RUN + command, body);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        String id = TestServer.json(answer).get("request").asText();
        assertThat(pending()).containsEntry(id, expected);
        box().done(id);
    }

    @Test
    void aPausedRunIsResumedAndNotPausedAgain() {
        Running running = run.state().running().getFirst();
        run.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));
        run.append(new Event.StageCancelled(Histories.NOON, running.ticket(), Evidence.NONE));

        assertRefused("pause", "", 409, "it is paused already");
        assertAsked("resume", "", new Request.Resume(BY));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resume  |                                          | 409 | it is not paused",
                "undrain | {\"worker\": \"worker-1\"}               | 409 | worker-1 is not drained",
                "drain   | {\"worker\": \"worker-3\"}               | 409 | worker-3 is drained already",
                "retry   | {\"stage\": \"block-000\"}               | 409 | block-000 has its result",
                "retry   | {\"stage\": \"block-000\", \"yes\": false} | 409 | block-000 has its result",
                "retry   | {\"stage\": \"2\", \"yes\": true}        | 409 | block-002 runs now on worker-1",
                "retry   | {\"stage\": \"block-9\"}                 | 404 | there is no such stage",
                "retry   | {\"stage\": \"4\"}                       | 404 | there is no such stage",
                "retry   | {\"stage\": \"export-onnx\"}             | 404 | there is no such stage",
                "retry   | {\"stage\": \"capture-002-part-0\"}      | 404 | there is no such stage",
                "retry   | {}                                       | 400 | stage: missing",
                "retry   | {\"stage\": 3}                           | 400 | stage: missing",
                "retry   | {\"stage\": \"3\", \"yes\": \"on\"}      | 400 | yes: no truth value",
                "drain   |                                          | 400 | worker: missing",
                "drain   | {\"worker\": \" \"}                      | 400 | worker: missing",
                "drain   | {\"worker\": \"a\\nb\"}               | 400 | worker: missing, or no name",
                "drain   | {\"worker\": \"\\u001b[2J\"}           | 400 | worker: missing, or no name",
                "drain   | {\"worker\": \"a\\u202eb\"}            | 400 | worker: missing, or no name",
                "drain   | {\"worker\": \"a\", \"worker\": \"b\"}   | 400 | not valid JSON",
                "pause   | {\"now\": true}                          | 400 | a key that means nothing here",
                "pause   | [1]                                      | 400 | no JSON object",
                "pause   | {                                        | 400 | not valid JSON",
                "pause   | {} {}                                    | 400 | not valid JSON",
            })
    void whatWouldChangeNothingOrCannotBeIsRefused(String command, String body, int status, String what) {
        assertRefused(command, body == null ? "" : body, status, what);
    }

    private void assertRefused(String command, String body, int status, String what) {
        HttpResponse<String> answer = server.post(RUN + command, body);

        JsonNode error = TestServer.json(answer).get("error");
        assertThat(error.get("what").asText()).contains(what);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(error.get("status").asInt()).isEqualTo(status);
        assertThat(pending()).isEmpty();
    }

    @Test
    void aRunThatIsCompleteCanOnlyBeRetried() {
        try (RecordedRun done = RecordedRun.started(folder.resolve("done"), "done")) {
            done.append(new Event.RunCompleted(Histories.NOON));

            Awaited.that(
                    "the run is known", () -> server.get("/api/v1/runs/done").statusCode() == 200);
            assertThat(server.post("/api/v1/runs/done/pause", "").statusCode()).isEqualTo(409);
            assertThat(server.post("/api/v1/runs/done/retry", "{\"stage\": \"0\"}")
                            .statusCode())
                    .isEqualTo(202);
        }
    }

    @Test
    void whatWaitsAlreadyIsNotAskedTwice() {
        new RequestBox(run.store(), InstantSource.system(), UUID::randomUUID).ask(new Request.Pause("ann@host"));
        String pause = asked("pause", "");
        String retry = asked("retry", "{\"stage\": \"3\"}");

        assertThat(asked("retry", "{\"stage\": \"block-003\"}")).isEqualTo(retry);
        assertThat(asked("pause", "")).isEqualTo(pause);
        assertThat(pending()).hasSize(2);
        assertThat(asked("retry", "{\"stage\": \"1\"}")).isNotEqualTo(retry);
        asked("cancel", "");
        // The last word was another one.
        assertThat(asked("pause", "")).isNotEqualTo(pause);
        assertThat(pending()).hasSize(5);
    }

    private String asked(String command, String body) {
        HttpResponse<String> answer = server.post(RUN + command, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        return TestServer.json(answer).get("request").asText();
    }

    @Test
    void aRunThatNobodySupervisesCannotBeBuriedInRequests() {
        RequestBox box = box();
        for (int i = 0; i < 100; i++) {
            box.ask(new Request.Drain(BY, "worker-" + i));
        }

        HttpResponse<String> refused = server.post(RUN + "pause", "");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("100 requests wait");
        asked("drain", "{\"worker\": \"worker-7\"}");
        assertThat(pending()).hasSize(100);
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedHoweverItComes() {
        String large = "{\"worker\": \"%s\"}".formatted("x".repeat(RequestBody.MOST_BYTES));
        assertThat(server.post(RUN + "drain", large).statusCode()).isEqualTo(413);

        HttpResponse<String> chunked = server.send(server.request(RUN + "drain")
                .header("Authorization", "Bearer " + TestServer.TOKEN)
                .POST(BodyPublishers.fromPublisher(BodyPublishers.ofString(large))));
        assertThat(chunked.statusCode()).isEqualTo(413);
        assertThat(pending()).isEmpty();
        assertThat(server.get("/api/v1/runs/first").statusCode()).isEqualTo(200);
    }

    @Test
    void aRunThatIsNotThereCannotBeAsked() {
        assertThat(server.post("/api/v1/runs/second/pause", "").statusCode()).isEqualTo(404);
        assertThat(folder.resolve("second")).doesNotExist();
    }

    private Map<String, Request> pending() {
        return box().pending();
    }

    private RequestBox box() {
        return new RequestBox(run.store(), InstantSource.system(), UUID::randomUUID);
    }
}
