package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.metrics.Dashboards.Dashboard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Grafana's own types, from npm, hold for the dashboards; {@code src/test/npm/grafana} says how. */
@Timeout(600)
class DashboardTypesTest {
    private static final Path SOURCES = Path.of("src/test/npm/grafana");
    private static final Path PROJECT = Path.of("target/npm/grafana");
    private static final Pattern NO_NETWORK =
            Pattern.compile("ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENOTCACHED");

    @BeforeAll
    static void install() throws IOException {
        ToolRun.assumeInstalled("npm", "the types of the dashboards are not checked");
        Files.createDirectories(PROJECT);
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                Files.copy(file, PROJECT.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        ToolRun npm = ToolRun.of(
                PROJECT, List.of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"));
        Assumptions.assumeFalse(
                npm.exitCode() != 0 && NO_NETWORK.matcher(npm.text()).find(),
                "npm cannot reach its registry: the types of the dashboards are not checked");
        assertThat(npm.exitCode()).as("npm ci said: %s", npm.text()).isZero();
    }

    @Test
    void everyDashboardIsOneByGrafanasTypes() throws IOException {
        for (Dashboard dashboard : Dashboards.all()) {
            write(dashboard.toString().replace(".json", ".ts"), Files.readString(dashboard.file()));
        }
        ToolRun tsc = compile();
        assertThat(tsc.exitCode()).as("tsc said: %s", tsc.text()).isZero();
    }

    @Test
    void aMistakeInADashboardIsFound() throws IOException {
        String mistaken = Files.readString(Dashboards.FOLDER.resolve("run.json"))
                .replaceFirst("\"graphMode\": \"none\"", "\"graphMode\": \"non\"");
        write("mistaken.ts", mistaken);
        ToolRun tsc = compile();
        Files.delete(PROJECT.resolve("mistaken.ts"));
        assertThat(tsc.exitCode()).isNotZero();
        assertThat(tsc.text()).contains("mistaken.ts", "\"non\"");
    }

    private static void write(String name, String json) throws IOException {
        Files.writeString(
                PROJECT.resolve(name),
                "import type { Checked } from './checked';\nexport const dashboard: Checked = %s;\n".formatted(json));
    }

    private static ToolRun compile() {
        return ToolRun.of(PROJECT, List.of("node_modules/.bin/tsc", "--project", "."));
    }
}
