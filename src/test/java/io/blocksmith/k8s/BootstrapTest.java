package io.blocksmith.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.chaos.Fault;
import io.blocksmith.chaos.TestNode;
import io.blocksmith.chaos.TinyRecipe;
import io.blocksmith.chaos.Waits;
import io.blocksmith.cli.CommandLineRun;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes with the settings of {@code k8s/base/config}, each a JVM with an address of its own on loopback, find each other
 * through an imitation of the Kubernetes API. What it says of the pods comes from the manifests.
 */
class BootstrapTest {
    private static final int MANAGEMENT = 8558;
    private static final Path SETTINGS = Path.of("k8s", "base", "config").toAbsolutePath();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int COORDINATORS = 3;
    /** At most one question a second: more than the five seconds after which a node that may found a cluster decides. */
    private static final int ENOUGH = 8;
    /** 127.0.0.0/8 is all loopback: addresses that no other build on this machine uses, and so the real ports. */
    private static final String NETWORK = "127.%d.%d."
            .formatted(
                    100 + ProcessHandle.current().pid() % 100,
                    ProcessHandle.current().pid() / 100 % 250);

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofMinutes(1)).build();
    private final List<TestNode> nodes = new ArrayList<>();
    private ApiServer api;

    @BeforeEach
    void startTheApi() throws Exception {
        api = new ApiServer(folder);
    }

    @AfterEach
    void end() {
        nodes.forEach(TestNode::close);
        api.close();
    }

    @Test
    void nodesFormOneClusterAndAnswerProbesWhileTheyTrain() throws Exception {
        Path gate = Files.createDirectories(folder.resolve("gate"));
        TestNode worker = node("worker", 0, "worker-0", gate);
        worker.start();
        theWorkerWaitsAlone();

        // Whoever founds a cluster waits for the answer of every coordinator that runs: this one does not.
        api.add(pod("coordinator", "coordinator-crashed", host(COORDINATORS + 1), crashed()));
        for (int i = 1; i <= COORDINATORS; i++) {
            node("coordinator", i, "coordinator-" + (i - 1), gate).start();
        }
        theyFormOneCluster();
        theyCompleteARun(gate);
        assertThat(api.refused()).isEmpty();
        assertThat(api.selectors())
                .containsExactly("app.kubernetes.io/name=blocksmith,app.kubernetes.io/component=coordinator");
    }

    /** It lives, it is not ready, and it founds nothing, however often it is told that there is no coordinator. */
    private void theWorkerWaitsAlone() {
        Waits.until("the worker to answer", () -> status(0, "/alive") == 200);
        assertThat(status(0, "/ready")).isEqualTo(500);
        Waits.until("the worker to have asked often enough to found a cluster", () -> api.answers() >= ENOUGH);
        assertThat(status(0, "/ready")).isEqualTo(500);
        assertThat(members(0)).isEmpty();
    }

    private void theyFormOneCluster() {
        Set<String> all = new TreeSet<>();
        IntStream.rangeClosed(0, COORDINATORS).forEach(i -> all.add("akka://blocksmith@%s:25520".formatted(host(i))));
        for (int i = 0; i <= COORDINATORS; i++) {
            int node = i;
            Waits.until(host(i) + " to be ready", () -> status(node, "/ready") == 200);
            Waits.until("four members seen by " + host(i), () -> members(node).equals(all));
        }
        assertThat(IntStream.rangeClosed(0, COORDINATORS)
                        .mapToObj(
                                i -> get(i, "/cluster/members/").path("oldest").asText())
                        .distinct())
                .hasSize(1);
    }

    /** The worker is held within a training step, on the thread that computes, while it is asked. */
    private void theyCompleteARun(Path gate) throws IOException {
        Fault amidStep = Fault.arm(gate, "step block-[0-9]+ train step 3 saved .*");
        Path recipe = TinyRecipe.in(folder, 2, 1).named("tiny");
        Path cluster = Files.writeString(
                folder.resolve("submit.conf"), "cluster.runs = \"%s\"".formatted(folder.resolve("runs")));
        CommandLineRun submitted = CommandLineRun.of("submit", recipe.toString(), "--config", cluster.toString());
        assertThat(submitted.exitCode()).as(submitted.err()).isZero();
        amidStep.awaitHeld();
        assertThat(status(0, "/alive")).isEqualTo(200);
        assertThat(status(0, "/ready")).isEqualTo(200);
        amidStep.disarm();
        amidStep.release();

        Ledger ledger = new Ledger(DirectoryStore.open(folder.resolve("runs").resolve("tiny")));
        Waits.until("the run to complete", () -> {
            RunState state = ledger.read();
            assertThat(state.phase()).as("%s", state.rest()).isNotEqualTo(Phase.STOPPED);
            return state.phase() == Phase.COMPLETED;
        });
        assertThat(ledger.events().stream().filter(SupervisorStarted.class::isInstance))
                .hasSize(1);
        assertThat(folder.resolve("runs/tiny/export/gptq/config.json")).exists();
    }

    private TestNode node(String role, int index, String name, Path gate) {
        List<String> environment = new ArrayList<>(List.of("env"));
        Map.of(
                        "POD_IP",
                        host(index),
                        "POD_NAME",
                        name,
                        "BLOCKSMITH_DEVICE",
                        "cpu",
                        "BLOCKSMITH_THREADS",
                        "1",
                        "KUBERNETES_SERVICE_HOST",
                        "127.0.0.1",
                        "KUBERNETES_SERVICE_PORT",
                        Integer.toString(api.port()))
                .forEach((key, value) -> environment.add(key + "=" + value));
        List<String> arguments = new ArrayList<>(List.of(
                gate.toString(),
                role,
                "--config",
                SETTINGS.resolve(role + ".conf").toString()));
        String mounted = "akka.discovery.kubernetes-api.";
        Map.of(
                        "cluster.runs",
                        folder.resolve("runs").toString(),
                        mounted + "api-ca-path",
                        api.account().resolve("ca.crt").toString(),
                        mounted + "api-token-path",
                        api.account().resolve("token").toString(),
                        mounted + "pod-namespace-path",
                        api.account().resolve("namespace").toString(),
                        "akka.management.cluster.bootstrap.contact-point-discovery.exponential-backoff-max",
                        "1s",
                        // A busy machine must not look like a dead one.
                        "akka.cluster.failure-detector.acceptable-heartbeat-pause",
                        "30s",
                        "metrics.port",
                        "0",
                        "http.port",
                        "0")
                .forEach((key, value) -> arguments.addAll(List.of("--set", key + "=" + value)));
        api.add(pod(role, name, host(index), running()));
        TestNode node = new TestNode(name, environment, arguments, folder.resolve(name + ".log"));
        nodes.add(node);
        return node;
    }

    /** As a kubelet would report a pod of a StatefulSet of ours. */
    private static Pod pod(String role, String name, String address, ContainerState state) {
        PodTemplateSpec template = template(role);
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(ApiServer.NAMESPACE)
                .withLabels(template.getMetadata().getLabels())
                .endMetadata()
                .withSpec(template.getSpec())
                .withNewStatus()
                .withPhase("Running")
                .withPodIP(address)
                .addNewContainerStatus()
                .withName(template.getSpec().getContainers().getFirst().getName())
                .withState(state)
                .endContainerStatus()
                .endStatus()
                .build();
    }

    private static ContainerState running() {
        return new ContainerStateBuilder().withNewRunning().endRunning().build();
    }

    /** The pod's phase stays Running, and it keeps its address. */
    private static ContainerState crashed() {
        return new ContainerStateBuilder()
                .withNewWaiting()
                .withReason("CrashLoopBackOff")
                .endWaiting()
                .build();
    }

    private static PodTemplateSpec template(String role) {
        try {
            String manifest = Files.readString(Path.of("k8s", "base", role + ".yaml"));
            return Serialization.unmarshal(manifest.split("\n---\n", 2)[0], StatefulSet.class)
                    .getSpec()
                    .getTemplate();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String host(int index) {
        return NETWORK + (index + 2);
    }

    /** Addresses of the members that are up, as one node sees them. */
    private Set<String> members(int index) {
        Set<String> up = new TreeSet<>();
        for (JsonNode member : get(index, "/cluster/members/").path("members")) {
            if (member.path("status").asText().equals("Up")) {
                up.add(member.path("node").asText());
            }
        }
        return up;
    }

    private JsonNode get(int index, String path) {
        try {
            return JSON.readTree(response(index, path).body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The status of a response, or 0 when nobody answers. */
    private int status(int index, String path) {
        try {
            return response(index, path).statusCode();
        } catch (UncheckedIOException notYet) {
            return 0;
        }
    }

    private HttpResponse<String> response(int index, String path) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://%s:%d%s".formatted(host(index), MANAGEMENT, path)))
                .timeout(Duration.ofMinutes(1))
                .build();
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
