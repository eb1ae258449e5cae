package io.blocksmith.k8s;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blocksmith.NpmPackages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The API's own schemas, from npm, hold for the manifests; {@code src/test/npm/k8s} compares them. It finds wrong types,
 * which the reader of ManifestsTest turns into right ones silently, and knows no fields that do not exist.
 */
class ModelsTest {
    private static final Path SOURCES = Path.of("src/test/npm/k8s");
    private static final Path PROJECT = Path.of("target/npm/k8s");
    private static final int NODE = 20;

    private record Answer(int exitCode, String text) {}

    @BeforeAll
    static void install() {
        String node = run("", "node", "--version").text().strip();
        assumeTrue(
                Integer.parseInt(node.replaceAll("v(\\d+)\\..*", "$1")) >= NODE,
                "node is %s, the schemas want %d or newer: types of manifests are not checked".formatted(node, NODE));
        NpmPackages.install(SOURCES, PROJECT, "types of manifests are not checked");
    }

    static List<Manifests> overlays() {
        return Manifests.overlays();
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void everyValueHasTheTypeOfItsField(Manifests manifests) {
        assertThat(validated(manifests.yaml()))
                .isEqualTo("compared " + manifests.resources().size());
    }

    @Test
    void aWrongTypeWouldBeFound() {
        String mistaken = """
            apiVersion: v1
            kind: Service
            metadata: { name: a }
            spec: { ports: [ { port: "1" } ] }
            """;
        assertThat(validated(mistaken)).contains("Service a", "ports/0/port", "compared 0");
    }

    private static String validated(String yaml) {
        Answer answer = run(yaml, "node", "validate.mjs");
        assertThat(answer.exitCode()).as(answer.text()).isZero();
        return answer.text().strip();
    }

    private static Answer run(String input, String... command) {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(Files.createDirectories(PROJECT).toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException missing) {
            return abort("%s is not there: types of manifests are not checked (%s)"
                    .formatted(command[0], missing.getMessage()));
        }
        try {
            process.getOutputStream().write(input.getBytes(UTF_8));
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), UTF_8);
            return new Answer(process.waitFor(), text);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
