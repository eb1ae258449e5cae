package io.blocksmith.report;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * The report as one HTML page that needs no network: template, Chart.js and the figures in one file. The page's own script
 * draws everything from the figures and puts them into the document as text, never as markup.
 */
public final class ReportPage {
    /** The version is part of the WebJar's path; it follows {@code chartjs.version} in the pom. */
    private static final String CHART_JS = "/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js";

    private static final String TEMPLATE = "report.html";

    private ReportPage() {}

    /** The page that shows {@code data}. */
    public static String render(ReportData data) {
        return resource(TEMPLATE)
                .replace("/*{{CHART_JS}}*/", chartJs())
                .replace("{{REPORT_JSON}}", embeddable(ReportJson.write(data)));
    }

    /** In JSON a {@code <} occurs only inside strings; escaped, no string can close the script element around it. */
    private static String embeddable(String json) {
        return json.strip().replace("<", "\\u003c");
    }

    /** The library without the line that makes browsers look for its source map beside the page. */
    private static String chartJs() {
        return resource(CHART_JS)
                .replaceAll("(?m)^//# sourceMappingURL=.*$", "")
                .strip();
    }

    private static String resource(String name) {
        try (InputStream stream = ReportPage.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw BlocksmithException.defect("%s is not on the class path; the report page needs it", name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s on the class path cannot be read", name);
        }
    }
}
