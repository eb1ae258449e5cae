package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An entry of the queue concerns itself alone, and none leads out of the runs folder. */
class RunsFolderTest {
    @TempDir
    Path folder;

    private RunsFolder runs;

    @BeforeEach
    void open() {
        Settings settings = SettingsLoader.load(Optional.empty(), List.of(), Map.of("cluster.runs", folder.toString()));
        runs = new RunsFolder(settings, "test");
        runs.submit("first");
    }

    private void entry(String name, String content) throws IOException {
        Files.writeString(folder.resolve("queue").resolve(name), content);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"run\": ",
                "[]",
                "null",
                "{\"run\": 7}x",
                "{\"run\": \"\"}",
                "{\"run\": \"../outside/run\"}",
                "{\"run\": \"/etc\"}",
                "{\"run\": \"a/../../b\"}",
                "{\"run\": \"..\"}",
                "{\"run\": \"a\\\\b\"}",
                "{\"run\": \"queue\"}",
                "{\"run\": \"line\\nbreak\"}",
                "{\"run\": \"\\u0000\"}",
                "\u0000\u0001\u0002"
            })
    void whatIsNoEntryIsPassedOver(String content) throws IOException {
        entry("00000002.json", content);
        entry("00000003.json", "{\"run\": \"third\"}");

        assertThat(runs.submitted()).containsExactly("first", "third");
        runs.submit("fourth");
        assertThat(runs.submitted()).containsExactly("first", "third", "fourth");
    }

    @Test
    void filesOfOthersInTheQueueAreNone() throws IOException {
        entry(".DS_Store", "Bud1");
        entry("00000001.json.tmp", "{\"run\": \"half\"}");
        entry("00000001 (conflicted copy).json", "{\"run\": \"copy\"}");
        entry("notes.txt", "call Ann");
        Files.createDirectories(folder.resolve("queue/lost+found"));

        assertThat(runs.submitted()).containsExactly("first");
    }

    @Test
    void anEntryThatWasMendedCounts() throws IOException {
        entry("00000002.json", "{");
        assertThat(runs.submitted()).containsExactly("first");
        entry("00000002.json", "{\"run\": \"second\"}");
        assertThat(runs.submitted()).containsExactly("first", "second");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "queue", "..", "../x", "a/b", ".hidden", "a\\b", "\u001b[2J"})
    void aNameThatLeadsElsewhereIsRefused(String name) {
        assertThatThrownBy(() -> runs.location(name)).hasMessageContaining("choose another name");
    }
}
