package io.blocksmith.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes on one run folder. */
class ManyProcessesTest {
    private static final int PROCESSES = 3;
    private static final int RECORDS = 100;

    @TempDir
    Path parent;

    @Test
    @Timeout(300)
    void eachRecordIsWrittenByExactlyOneWhileAllFillAndPruneTheSameFolders() throws Exception {
        Path root = parent.resolve("run");
        List<Process> processes = new ArrayList<>();
        try {
            for (int i = 0; i < PROCESSES; i++) {
                processes.add(start(root, "process-" + i));
            }
            for (Process process : processes) {
                assertThat(process.inputReader().readLine()).isEqualTo("ready");
            }
            for (Process process : processes) {
                process.outputWriter().write("go\n");
                process.outputWriter().flush();
            }
            int won = 0;
            for (Process process : processes) {
                String line = process.inputReader().readLine();
                assertThat(line).as("see %s", parent).isNotNull();
                won += Integer.parseInt(line);
            }
            assertThat(won).isEqualTo(RECORDS);
            assertThat(DirectoryStore.open(root).list("")).hasSize(RECORDS);
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        for (Process process : processes) {
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        }
    }

    private Process start(Path root, String name) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        String classes = System.getProperty("java.class.path");
        return new ProcessBuilder(
                        java.toString(), "-Xmx64m", "-cp", classes, Racer.class.getName(), root.toString(), name)
                .redirectError(parent.resolve(name + ".log").toFile())
                .start();
    }

    /** Tries to create every record, and puts and deletes an object in a shared folder in between. */
    static final class Racer {
        private Racer() {}

        public static void main(String[] arguments) throws Exception {
            int won = 0;
            try (ObjectStore store = DirectoryStore.openForWriting(Path.of(arguments[0]), arguments[1])) {
                System.out.println("ready");
                System.in.read();
                for (int record = 0; record < RECORDS; record++) {
                    if (store.createIfAbsent(Ledger.name(record), arguments[1].getBytes(UTF_8))) {
                        won++;
                    }
                    String name = "boundaries/001/" + arguments[1];
                    store.put(name, Files.writeString(store.temporary(name), "x"));
                    store.list("boundaries/");
                    store.delete(name);
                }
            }
            System.out.println(won);
        }
    }
}
