package io.blocksmith.k8s;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What {@code kubectl kustomize} makes of a folder, read as the API server would read it.
 *
 * @param folder that was rendered
 * @param yaml all documents
 * @param resources each as the type of its kind
 */
record Manifests(Path folder, String yaml, List<HasMetadata> resources) {
    /** Knows each kind by its name. */
    static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();

    private static final Path OVERLAYS = Path.of("k8s", "overlays");

    /** The minor version from which `kubectl kustomize` knows components. */
    private static final int OLDEST = 21;

    /** All overlays of the repository. */
    static List<Manifests> overlays() {
        try (Stream<Path> folders = Files.list(OVERLAYS)) {
            return folders.sorted().map(Manifests::of).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Manifests overlay(String name) {
        return of(OVERLAYS.resolve(name));
    }

    /** A folder's resources; the test is skipped where there is no kubectl, or one that knows no components. */
    static Manifests of(Path folder) {
        String client = kubectl("version", "--client", "--output=json");
        String minor = client.replaceAll("(?s).*\"minor\": *\"(\\d+).*", "$1");
        assumeTrue(
                minor.matches("\\d+") && Integer.parseInt(minor) >= OLDEST,
                "kubectl is 1.%s: manifests are checked with 1.%d or newer".formatted(minor, OLDEST));
        String yaml = kubectl("kustomize", folder.toString());
        return new Manifests(
                folder,
                yaml,
                Arrays.stream(yaml.split("\n---\n"))
                        .map(document -> (HasMetadata) KUBERNETES.unmarshal(document))
                        .toList());
    }

    /** What it says; any complaint is an error. */
    private static String kubectl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command).start();
        } catch (IOException missing) {
            return abort("kubectl is not there (Debian: kubernetes-client): " + missing.getMessage());
        }
        try {
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            String complaints = new String(process.getErrorStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor()).as(complaints).isZero();
            assertThat(complaints).isEmpty();
            return said;
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** The resources of a type. */
    <T extends HasMetadata> List<T> all(Class<T> type) {
        return resources.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** The resource of a type with this name; a generated config map may have a digest behind it. */
    <T extends HasMetadata> T named(Class<T> type, String name) {
        return all(type).stream()
                .filter(resource -> resource.getMetadata().getName().matches(Pattern.quote(name) + "(-[a-z0-9]{10})?"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("%s has no %s %s".formatted(folder, type.getSimpleName(), name)));
    }

    /** Nodes and jobs. */
    List<PodTemplateSpec> pods() {
        return Stream.concat(
                        all(StatefulSet.class).stream().map(set -> set.getSpec().getTemplate()),
                        all(Job.class).stream().map(job -> job.getSpec().getTemplate()))
                .toList();
    }

    /** With those that run first. */
    static List<Container> containers(PodTemplateSpec pod) {
        return Stream.of(pod.getSpec().getInitContainers(), pod.getSpec().getContainers())
                .flatMap(List::stream)
                .toList();
    }

    /** The container of a node. */
    Container node(String component) {
        return named(StatefulSet.class, component)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst();
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
