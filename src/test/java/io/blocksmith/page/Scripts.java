package io.blocksmith.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The scripts of {@code src/test/npm/page} in a folder below {@code target}, with the packages that they need. */
record Scripts(Path folder) {
    private static final Path SOURCE = Path.of("src/test/npm/page");
    private static final Path RESOURCES = Path.of("src/main/resources/io/blocksmith/page");
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    /** Installs by the lock file; the tests are skipped where a tool or the registry is missing. */
    static Scripts install() {
        assumeTrue(Files.isExecutable(CHROMIUM), "there is no " + CHROMIUM + ": the page is not tested");
        assumeTrue(succeeds("node", "--version"), "there is no node: the page is not tested");
        assumeTrue(succeeds("npm", "--version"), "there is no npm: the page is not tested");
        try {
            Path folder = Files.createDirectories(Path.of("target", "page")).toAbsolutePath();
            try (Stream<Path> files = Files.list(SOURCE)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
                }
            }
            Scripts scripts = new Scripts(folder);
            Path log = folder.resolve("npm.log");
            int installed = scripts.start(log, Map.of(), "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline");
            assumeTrue(installed == 0, "npm cannot install playwright-core: the page is not tested; see " + log);
            return scripts;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a file of tests; fails with what node says. */
    void run(String file, Map<String, String> environment) {
        Path log = folder.resolve(file + ".log");
        int exit = start(log, environment, "node", "--test", "--test-reporter=spec", file);
        assertThat(exit).as(() -> text(log)).isZero();
    }

    private int start(Path log, Map<String, String> environment, String... command) {
        return exitCode(folder, log, environment, List.of(command));
    }

    private static boolean succeeds(String... command) {
        try {
            Path log = Files.createTempFile("blocksmith-page", ".log");
            try {
                return exitCode(Path.of("."), log, Map.of(), List.of(command)) == 0;
            } finally {
                Files.delete(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The exit code, or 127 where there is no such program. */
    private static int exitCode(Path folder, Path log, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("PAGE_RESOURCES", RESOURCES.toAbsolutePath().toString());
        builder.environment().put("CHROMIUM", CHROMIUM.toString());
        builder.environment().putAll(environment);
        Process process;
        try {
            process = builder.start();
        } catch (IOException missing) {
            return 127;
        }
        try {
            boolean ended = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(ended).as(() -> command + " ends; it says: " + text(log)).isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static String text(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
