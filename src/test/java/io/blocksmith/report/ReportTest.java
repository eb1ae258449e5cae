package io.blocksmith.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final Pattern EMBEDDED =
            Pattern.compile("<script type=\"application/json\" id=\"report-data\">(.*?)</script>", Pattern.DOTALL);

    @TempDir
    Path folder;

    @Test
    void jsonReadsBackAsTheSameReport() {
        ReportData data = SampleReport.full(3);

        assertThat(ReportJson.read("report.json", ReportJson.write(data))).isEqualTo(data);
    }

    @Test
    void numbersThatAreNoneAreNullInJsonAndNaNAgainWhenRead() {
        String json = ReportJson.write(SampleReport.bare("bare"));

        assertThat(json).contains("\"validationLoss\" : null").doesNotContain("NaN", "Infinity");
        assertThat(ReportJson.read("report.json", json).blocks().getFirst().validationLoss())
                .isNaN();
    }

    @Test
    void aReportOfANewerVersionIsRefused() {
        String json = ReportJson.write(SampleReport.full(1)).replaceFirst("\"version\" : 1", "\"version\" : 99");

        assertThatThrownBy(() -> ReportJson.read("old/report.json", json))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("old/report.json")
                .hasMessageContaining("99");
    }

    @Test
    void textThatIsNoJsonIsRefusedWithTheNameOfTheFile() {
        assertThatThrownBy(() -> ReportJson.read("runs/x/report.json", "{\"version\": "))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageStartingWith("runs/x/report.json: not a report");
    }

    @Test
    void thePageHoldsTheFigures() {
        ReportData data = SampleReport.full(3);

        assertThat(ReportJson.read("page", embedded(ReportPage.render(data)))).isEqualTo(data);
    }

    @Test
    void thePageNeedsNothingBesideIt() {
        String page = ReportPage.render(SampleReport.full(3));

        assertThat(page)
                .contains("default-src 'none'")
                .contains("Chart.js v")
                .doesNotContain("sourceMappingURL=chart", "{{")
                .doesNotContainPattern("(?i)<(script|img|link|iframe)[^>]*\\s(src|href)\\s*=")
                .doesNotContainPattern("(?i)(src|href)\\s*=\\s*[\"']?(https?:)?//")
                .doesNotContainPattern("(?i)@import|url\\(\\s*[\"']?https?:");
    }

    @Test
    void hostileNamesCannotLeaveTheFigures() {
        ReportData data = SampleReport.bare("</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>$1\\");
        String page = ReportPage.render(data);

        assertThat(page).doesNotContain("alert(1)</script>", "<!--<img", "<img src=x");
        assertThat(ReportJson.read("page", embedded(page)).run()).isEqualTo(data.run());
    }

    @Test
    void bothFilesReplaceOlderOnesAndLeaveNothingElse() throws IOException {
        Files.writeString(folder.resolve(ReportFiles.PAGE), "old");

        new ReportFiles(folder).write(SampleReport.full(2));

        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("report.json", "report.html");
        }
        assertThat(folder.resolve("report.html")).content().startsWith("<!doctype html>");
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        ReportFiles files = new ReportFiles(folder.resolve("missing"));

        assertThatThrownBy(() -> files.write(SampleReport.full(1)))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("missing");
    }

    private static String embedded(String page) {
        var found = EMBEDDED.matcher(page);
        assertThat(found.find()).isTrue();
        return found.group(1);
    }
}
