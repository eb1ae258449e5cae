package io.blocksmith;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the security page says is shown by tests that exist. */
class SecurityPageTest {
    private static final Path TESTS = Path.of("src/test/java");
    private static final Pattern NAMED = Pattern.compile("`([A-Z][A-Za-z0-9]*Test)\\.(\\*|[a-z][A-Za-z0-9]*)`");

    @Test
    void everyTestThatItNamesExists() throws IOException {
        String page = Files.readString(Path.of("src/site/markdown/security.md"));
        Matcher named = NAMED.matcher(page);
        int count = 0;
        while (named.find()) {
            Path file = find(named.group(1) + ".java");
            if (!named.group(2).equals("*")) {
                assertThat(Files.readString(file)).as(named.group()).contains("void " + named.group(2) + "(");
            }
            count++;
        }
        assertThat(count).isGreaterThan(20);
        assertThat(page.lines().filter(line -> line.startsWith("| ") && !line.startsWith("| door")))
                .as("every line of the table names a test")
                .allMatch(line -> NAMED.matcher(line).find());
    }

    private static Path find(String name) throws IOException {
        try (Stream<Path> files = Files.walk(TESTS)) {
            return files.filter(file -> file.getFileName().toString().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no test " + name));
        }
    }
}
