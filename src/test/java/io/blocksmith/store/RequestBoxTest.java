package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Request;
import io.blocksmith.run.Stage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestBoxTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    @TempDir
    Path folder;

    private ObjectStore store;
    private Instant now = NOON;
    private final Queue<UUID> ids = new ArrayDeque<>();
    private RequestBox box;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(folder, "test");
        box = new RequestBox(store, () -> now, () -> ids.isEmpty() ? UUID.randomUUID() : ids.remove());
    }

    @Test
    void everyKindOfRequestComesBackInTheOrderOfAsking() {
        List<Request> asked = List.of(
                new Request.Pause("a@b"),
                new Request.Resume("a@b"),
                new Request.Retry("a@b", new Stage.TrainBlock(7)),
                new Request.Drain("a@b", "node-1/gpu0"),
                new Request.Undrain("a@b", "node-1/gpu0"),
                new Request.Cancel("a@b"));
        for (Request request : asked) {
            now = now.plusMillis(1);
            box.ask(request);
        }

        assertThat(box.pending().values()).containsExactlyElementsOf(asked);
    }

    @Test
    void aRequestThatIsDoneIsPendingNoMore() {
        String id = box.ask(new Request.Pause("a@b"));
        assertThat(box.isPending(id)).isTrue();

        box.done(id);

        assertThat(box.isPending(id)).isFalse();
        assertThat(box.pending()).isEmpty();
    }

    @Test
    void twoWhoAskAtOnceUnderOneIdAreBothHeard() {
        UUID same = UUID.randomUUID();
        ids.addAll(List.of(same, same));

        box.ask(new Request.Pause("first"));
        box.ask(new Request.Pause("second"));

        assertThat(box.pending().values()).hasSize(2);
    }

    @Test
    void whatIsNoRequestIsSetAsideAndBlocksNobody() {
        store.createIfAbsent("requests/0-torn.json", "{\"version\": 1, \"requ".getBytes(StandardCharsets.UTF_8));
        store.createIfAbsent(
                "requests/1-unknown.json",
                "{\"version\":1,\"request\":{\"type\":\"explode\",\"by\":\"x\"}}".getBytes(StandardCharsets.UTF_8));
        store.createIfAbsent("requests/2-newer.json", "{\"version\": 2}".getBytes(StandardCharsets.UTF_8));
        box.ask(new Request.Pause("a@b"));

        assertThat(box.pending().values()).containsExactly(new Request.Pause("a@b"));
        assertThat(store.list("requests/set-aside/"))
                .containsExactly(
                        "requests/set-aside/0-torn.json",
                        "requests/set-aside/1-unknown.json",
                        "requests/set-aside/2-newer.json");
        assertThat(box.pending()).hasSize(1);
    }

    @Test
    void whoeverOnlyLooksReadsOverWhatIsNoRequest() {
        store.createIfAbsent("requests/0-notes.txt", "call Ann".getBytes(StandardCharsets.UTF_8));
        box.ask(new Request.Resume("a@b"));
        RequestBox looking = new RequestBox(DirectoryStore.open(folder), () -> now, UUID::randomUUID);

        assertThat(looking.shown().values()).containsExactly(new Request.Resume("a@b"));
        assertThat(store.exists("requests/0-notes.txt")).isTrue();
    }
}
