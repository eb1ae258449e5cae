package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.NpmPackages;
import io.blocksmith.metrics.Dashboards.Dashboard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Grafana's own types, from npm, hold for the dashboards; {@code src/test/npm/grafana} says how. */
@Timeout(600)
class DashboardTypesTest {
    private static final Path SOURCES = Path.of("src/test/npm/grafana");
    private static final Path PROJECT = Path.of("target/npm/grafana");

    @BeforeAll
    static void install() {
        ToolRun.assumeInstalled("npm", "the types of the dashboards are not checked");
        NpmPackages.install(SOURCES, PROJECT, "the types of the dashboards are not checked");
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
