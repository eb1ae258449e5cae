package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher as cron, systemd, Docker, other shells and other people's folders start it. */
class LauncherTest {
    private static final Path REPOSITORY = Path.of("").toAbsolutePath();

    @TempDir
    Path folder;

    private Path home;

    /** A checkout that is built: the launcher, and a jar whose libraries are the ones of this test. */
    @BeforeEach
    void checkout() throws IOException, InterruptedException {
        home = folder.resolve("checkout");
        build(home);
    }

    private static void build(Path home) throws IOException, InterruptedException {
        Files.createDirectories(home.resolve("src/main"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        Path launcher = Files.copy(REPOSITORY.resolve("blocksmith"), home.resolve("blocksmith"));
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
        Path lib = Files.createDirectories(home.resolve("target/lib"));
        StringBuilder classPath = new StringBuilder();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            classPath.append(' ').append(Path.of(entry).toUri().getRawPath());
        }
        Path manifest = Files.writeString(
                folderOf(lib).resolve("manifest"), "Main-Class: io.blocksmith.cli.Main\n" + folded(classPath));
        run(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jar").toString(),
                "cfm",
                home.resolve("target/blocksmith-test.jar").toString(),
                manifest.toString()));
    }

    private static Path folderOf(Path lib) {
        return lib.getParent();
    }

    /** A manifest's lines have at most 72 bytes. */
    private static String folded(StringBuilder classPath) {
        String text = "Class-Path:" + classPath;
        StringBuilder lines = new StringBuilder();
        for (int at = 0; at < text.length(); at += 70) {
            lines.append(at == 0 ? "" : " ")
                    .append(text, at, Math.min(text.length(), at + 70))
                    .append('\n');
        }
        return lines.toString();
    }

    private record Ended(int code, String output) {}

    private static Ended run(List<String> command) throws IOException, InterruptedException {
        return run(Path.of("").toAbsolutePath(), Map.of(), command);
    }

    private static Ended run(Path where, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(where.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), output);
    }

    private static void assertAnswers(Ended ended) {
        assertThat(ended.output()).startsWith("blocksmith ");
        assertThat(ended.code()).isZero();
    }

    private static List<String> emptyEnvironment(String... more) {
        List<String> command = new ArrayList<>(List.of("env", "-i"));
        command.addAll(List.of(more));
        return command;
    }

    private Ended version(String... prefix) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.addAll(List.of(home.resolve("blocksmith").toString(), "--version"));
        return run(folder, Map.of("JAVA_HOME", System.getProperty("java.home")), command);
    }

    @Test
    void withNothingInItsEnvironmentAsCronAndSystemdStartIt() throws IOException, InterruptedException {
        assertAnswers(version(
                emptyEnvironment("JAVA_HOME=" + System.getProperty("java.home")).toArray(String[]::new)));
    }

    @Test
    void withAHomeThatIsNoneOrCannotBeWritten() throws IOException, InterruptedException {
        assertAnswers(version("env", "HOME=/nonexistent", "XDG_CACHE_HOME="));
        assertAnswers(version("env", "HOME=/proc", "TMPDIR=" + folder));
        assertThat(folder.toFile().list((_, name) -> name.startsWith("blocksmith-")))
                .isNotEmpty();
    }

    @Test
    void throughAShellThatIsNotBashAndWithCdpathSet() throws IOException, InterruptedException {
        assertAnswers(version("sh"));
        assertAnswers(version("env", "CDPATH=.:/"));
    }

    @Test
    void asALinkOnThePathAlsoARelativeOne() throws IOException, InterruptedException {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("blocksmith"), Path.of("../checkout/blocksmith"));
        assertAnswers(run(
                folder,
                Map.of(
                        "PATH",
                        bin + File.pathSeparator + System.getenv("PATH"),
                        "JAVA_HOME",
                        System.getProperty("java.home")),
                List.of("bash", "-c", "blocksmith --version")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"with blanks", "mit Ümläut", "quote's \"and\" $dollar", "a:colon", "#hash %20", "-dash", "[b]*"})
    void fromAFolderOfAnyNameInTheLocaleOfC(String name) throws IOException, InterruptedException {
        home = folder.resolve(name);
        build(home);
        assertAnswers(version("env", "-u", "LANG", "-u", "LC_CTYPE", "LC_ALL=C"));
    }

    @Test
    void withoutStandardInput() throws IOException, InterruptedException {
        assertAnswers(run(
                folder,
                Map.of("JAVA_HOME", System.getProperty("java.home")),
                List.of(
                        "bash",
                        "-c",
                        "exec \"$0\" --version <&-",
                        home.resolve("blocksmith").toString())));
    }

    @Test
    void readsAFileWhoseNameIsNotAsciiInTheLocaleOfC() throws IOException, InterruptedException {
        Path recipe = Files.writeString(folder.resolve("modèle.conf"), "nonsense = 1");
        Ended ended = run(
                folder,
                Map.of("JAVA_HOME", System.getProperty("java.home"), "LC_ALL", "C"),
                List.of(
                        home.resolve("blocksmith").toString(),
                        "inspect",
                        "smollm2-135m",
                        "--config",
                        recipe.toString()));
        assertThat(ended.output()).contains("modèle.conf").contains("nonsense");
        assertThat(ended.code()).isEqualTo(2);
    }
}
