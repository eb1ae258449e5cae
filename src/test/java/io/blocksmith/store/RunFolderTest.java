package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    Path parent;

    @Test
    void aSecondOpeningInThisProcessIsRefused() {
        Path root = parent.resolve("run");
        try (RunFolder folder = RunFolder.open(root)) {
            assertThatThrownBy(() -> RunFolder.open(folder.root()))
                    .hasMessageContaining(
                            "is in use by process " + ProcessHandle.current().pid());
        }
    }

    @Test
    void aClosedFolderOpensAgain() {
        Path root = parent.resolve("run");
        RunFolder.open(root).close();
        try (RunFolder again = RunFolder.open(root)) {
            assertThat(again.store().list("")).isEmpty();
        }
    }

    @Test
    void aFolderHeldByAnotherProcessIsRefusedUntilThatIsGone() throws Exception {
        Path root = parent.resolve("run");
        Process other = otherProcess(root);
        try {
            // The child prints one line once it holds the lock.
            assertThat(other.inputReader().readLine()).isEqualTo("held");
            assertThatThrownBy(() -> RunFolder.open(root)).hasMessageContaining("in use by process " + other.pid());
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor(1, TimeUnit.MINUTES)).isTrue();
        RunFolder.open(root).close();
    }

    private Process otherProcess(Path root) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        String classes = System.getProperty("java.class.path");
        return new ProcessBuilder(java.toString(), "-cp", classes, Holder.class.getName(), root.toString())
                .redirectError(Files.createTempFile(parent, "child", ".log").toFile())
                .start();
    }

    /** Takes the lock of a folder and keeps it until killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] arguments) throws Exception {
            try (RunFolder folder = RunFolder.open(Path.of(arguments[0]))) {
                System.out.println("held");
                Thread.currentThread().join();
                folder.root();
            }
        }
    }
}
