package io.blocksmith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.blocksmith.metrics.ToolRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Packages of npm that a test needs, by their lock file. */
public final class NpmPackages {
    /** It gives up in a minute or two where nothing answers, and not in a quarter of an hour. */
    private static final List<String> INSTALL = List.of(
            "npm",
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
            "--fetch-timeout=60000",
            "--fetch-retries=1");

    /** Codes of errors that are of the network, a proxy or the registry. */
    private static final Pattern UNREACHABLE = Pattern.compile("ENOTFOUND|EAI_AGAIN|TIMEDOUT|SOCKET_TIMEOUT|ECONN|"
            + "ENETUNREACH|EHOSTUNREACH|ENOTCACHED|EPROTO|CERT|\\bE40[1378]\\b|\\bE429\\b|\\bE5\\d\\d\\b");

    private NpmPackages() {}

    /**
     * Copies a project and installs its packages; the test is skipped where the registry cannot be reached.
     *
     * @param sources of the project: its files, with {@code package-lock.json}
     * @param project the copy
     * @param skipped what is not tested without them
     */
    public static void install(Path sources, Path project, String skipped) {
        ToolRun.assumeInstalled("npm", skipped);
        try (Stream<Path> files = Files.list(sources)) {
            Files.createDirectories(project);
            for (Path file : files.toList()) {
                Files.copy(file, project.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ToolRun npm = ToolRun.of(project, INSTALL);
        assumeFalse(
                npm.exitCode() != 0 && UNREACHABLE.matcher(npm.text()).find(),
                () -> "npm cannot reach its registry: %s; it said: %s".formatted(skipped, npm.text()));
        assertThat(npm.exitCode()).as("npm ci said: %s", npm.text()).isZero();
    }
}
