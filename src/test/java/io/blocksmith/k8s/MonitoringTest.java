package io.blocksmith.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.openshift.api.model.monitoring.v1.PodMetricsEndpoint;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.RelabelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What Prometheus and Grafana are given on Kubernetes is what they are given elsewhere. */
class MonitoringTest {
    private static final Path RULES = Path.of("k8s", "components", "monitoring", "rules.yaml");
    private static final List<Path> SOURCES = List.of(
            Path.of("conf", "prometheus", "recording-rules.yml"), Path.of("conf", "prometheus", "alert-rules.yml"));
    private static final String GROUPS = "\ngroups:\n";
    private static final String HEAD = """
        apiVersion: monitoring.coreos.com/v1
        kind: PrometheusRule
        metadata:
          name: %s
          labels: { app.kubernetes.io/name: blocksmith, app.kubernetes.io/part-of: blocksmith }
        spec:
          groups:
        """;
    private static final Path DASHBOARDS = Path.of("dashboards");
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Of the annotation in which `kubectl apply` keeps what it applied. */
    private static final int LIMIT = 262_144;

    /** Nothing but their frame differs. With {@code -Dk8s=write} the file is written instead of compared. */
    @Test
    void theRulesAreThoseOfPrometheus() throws IOException {
        StringBuilder rules =
                new StringBuilder("# Made of conf/prometheus by: ./mvnw test -Dtest=MonitoringTest -Dk8s=write\n");
        for (Path source : SOURCES) {
            rules.append(rules.indexOf("kind") < 0 ? "" : "---\n").append(HEAD.formatted(name(source)));
            String text = Files.readString(source);
            text.substring(text.indexOf(GROUPS) + GROUPS.length())
                    .lines()
                    .forEach(line ->
                            rules.append(line.isEmpty() ? "" : "  " + line).append('\n'));
        }
        if ("write".equals(System.getProperty("k8s"))) {
            Files.writeString(RULES, rules);
        }
        assertThat(RULES)
                .as("write it with: ./mvnw test -Dtest=MonitoringTest -Dk8s=write")
                .hasContent(rules.toString());
    }

    /** The same, by what a reader of YAML sees. A group's name stands once in a rule, so each file is one of its own. */
    @Test
    void aPrometheusRuleHoldsTheGroupsOfEachFile() throws IOException {
        String[] documents = Files.readString(RULES).split("\n---\n", -1);
        assertThat(documents).hasSameSizeAs(SOURCES);
        for (int i = 0; i < documents.length; i++) {
            Map<?, ?> file = Serialization.unmarshal(Files.readString(SOURCES.get(i)), Map.class);
            Map<?, ?> rule = Serialization.unmarshal(documents[i], Map.class);
            assertThat((List<?>) file.get("groups")).isNotEmpty();
            assertThat(((Map<?, ?>) rule.get("spec")).get("groups")).isEqualTo(file.get("groups"));
            PrometheusRule typed = Manifests.overlay("gpu").named(PrometheusRule.class, name(SOURCES.get(i)));
            assertThat(typed.getSpec().getGroups().stream().map(group -> group.getName()))
                    .doesNotHaveDuplicates();
        }
    }

    private static String name(Path source) {
        return "blocksmith-" + source.getFileName().toString().replace(".yml", "");
    }

    @Test
    void everyDashboardIsAConfigMapThatGrafanaCollects() throws IOException {
        Set<String> files;
        try (Stream<Path> all = Files.list(DASHBOARDS)) {
            files = all.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
        assertThat(files).isNotEmpty();
        Set<String> collected = new TreeSet<>();
        for (ConfigMap map : Manifests.overlay("gpu").all(ConfigMap.class)) {
            if ("1"
                    .equals(
                            map.getMetadata().getLabels() == null
                                    ? null
                                    : map.getMetadata().getLabels().get("grafana_dashboard"))) {
                assertThat(Serialization.asJson(map).length()).isLessThan(LIMIT);
                map.getData().forEach((name, text) -> {
                    assertThat(DASHBOARDS.resolve(name)).hasContent(text);
                    collected.add(name);
                });
            }
        }
        assertThat(collected).isEqualTo(files);
    }

    @Test
    void prometheusFindsEveryNodeUnderTheNamesThatItsRulesKnow() throws IOException {
        Manifests gpu = Manifests.overlay("gpu");
        PodMonitor monitor = gpu.named(PodMonitor.class, "blocksmith");
        PodMetricsEndpoint endpoint = monitor.getSpec().getPodMetricsEndpoints().getFirst();
        Map<String, String> labels = monitor.getSpec().getSelector().getMatchLabels();
        RelabelConfig job = endpoint.getRelabelings().stream()
                .filter(relabeling -> relabeling.getTargetLabel().equals("job"))
                .findFirst()
                .orElseThrow();
        assertThat(job.getSourceLabels()).containsExactly("__meta_kubernetes_pod_label_app_kubernetes_io_component");
        Set<String> jobs = new TreeSet<>();
        for (PodTemplateSpec pod : gpu.pods()) {
            assertThat(pod.getMetadata().getLabels()).containsAllEntriesOf(labels);
            assertThat(pod.getSpec().getContainers().getFirst().getPorts())
                    .anyMatch(port -> port.getName().equals(endpoint.getPort()));
            String component = pod.getMetadata().getLabels().get("app.kubernetes.io/component");
            jobs.add(job.getReplacement().replace("${1}", component));
        }
        JsonNode prometheus = JSON.valueToTree(
                Serialization.unmarshal(Files.readString(Path.of("conf/prometheus/prometheus.yml")), Map.class));
        assertThat(prometheus.path("scrape_configs").findValuesAsText("job_name"))
                .containsAll(jobs);
        assertThat(jobs).hasSize(2);
    }
}
