package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.FreePort;
import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which runs the API finds in a store, and that a store which fails is not taken for an empty one. */
class ApiDirectoryTest {
    @TempDir
    Path folder;

    @Test
    void anEntryOfTheQueueIsReadOnce() throws IOException {
        Settings settings = settings(Map.of("cluster.runs", folder.toString()));
        RunsFolder runs = new RunsFolder(settings, "test");
        runs.submit("first");
        try (NodeApi.Directory directory = new NodeApi.Directory(settings)) {
            assertThat(directory.names()).containsExactly("first");

            Files.writeString(folder.resolve("queue/00000001.json"), "unreadable now");
            Files.writeString(folder.resolve("queue/00000002.json"), "{\"run\": \"second\"}");

            assertThat(directory.names()).containsExactly("first", "second");
        }
    }

    @Test
    void runsThatCannotBeListedAreNotTakenForNone() throws IOException {
        Settings settings = settings(Map.of("cluster.runs", unreadable().toString()));
        try (NodeApi.Directory directory = new NodeApi.Directory(settings)) {
            assertThatThrownBy(directory::names)
                    .isInstanceOf(BlocksmithException.class)
                    .hasMessageContaining("cannot list");
        }
    }

    @Test
    void oneRunWhoseFolderCannotBeReadIsNotReadyAndOneThatIsNotThereYetIs() throws Exception {
        assertThat(ready(folder.resolve("none")).statusCode()).isEqualTo(200);

        HttpResponse<String> failing = ready(unreadable());

        assertThat(failing.statusCode()).isEqualTo(503);
        assertThat(failing.body()).contains("\"store\":false");
    }

    /** A link to itself: the file system answers with an error, to root as well. */
    private Path unreadable() throws IOException {
        Path link = folder.resolve("loop");
        return Files.createSymbolicLink(link, link);
    }

    private static HttpResponse<String> ready(Path run) throws IOException, InterruptedException {
        int port = FreePort.find();
        Settings settings = settings(Map.of("http.port", Integer.toString(port)));
        try (EmbeddedApi api = EmbeddedApi.start(settings, run);
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(api).isNotNull();
            URI uri = URI.create("http://127.0.0.1:%d/health/ready".formatted(port));
            return client.send(
                    HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString());
        }
    }

    private static Settings settings(Map<String, String> flags) {
        return SettingsLoader.load(Optional.empty(), List.of(), flags);
    }
}
