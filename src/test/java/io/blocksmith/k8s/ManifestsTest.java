package io.blocksmith.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpec;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The overlays as the API server and the kubelet would take them, as far as that can be told without either. */
class ManifestsTest {
    private static final List<String> NODES = List.of("coordinator", "worker");

    static List<Manifests> overlays() {
        return Manifests.overlays();
    }

    @Test
    void aMisspeltFieldWouldBeFound() {
        HasMetadata service = Manifests.KUBERNETES.unmarshal("""
            apiVersion: v1
            kind: Service
            metadata: { name: a }
            spec: { ports: [ { port: 1, targetport: 1 } ] }
            """);
        assertThat(UnknownFields.of("Service", service)).containsExactly("Service.spec.ports[0].targetport");
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void everyKindAndEveryFieldIsKnown(Manifests manifests) {
        assertThat(manifests.resources()).noneMatch(GenericKubernetesResource.class::isInstance);
        assertThat(manifests.resources())
                .allSatisfy(resource -> assertThat(UnknownFields.of(
                                resource.getKind() + " "
                                        + resource.getMetadata().getName(),
                                resource))
                        .isEmpty());
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void everythingIsInOneNamespaceAndSecretsAreNotCommitted(Manifests manifests) {
        assertThat(manifests.resources().stream()
                        .filter(resource -> !(resource instanceof Namespace))
                        .map(resource -> resource.getMetadata().getNamespace())
                        .distinct())
                .hasSize(1)
                .doesNotContainNull();
        assertThat(manifests.resources())
                .noneMatch(resource -> resource.getKind().equals("Secret"));
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void podsHaveNoRightThatTheyDoNotNeed(Manifests manifests) {
        assertThat(manifests.pods()).hasSizeGreaterThan(1).allSatisfy(pod -> {
            assertThat(pod.getSpec().getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pod.getSpec().getSecurityContext().getRunAsUser()).isEqualTo(10001);
            assertThat(pod.getSpec().getSecurityContext().getFsGroup()).isEqualTo(10001);
            assertThat(pod.getSpec().getSecurityContext().getSeccompProfile().getType())
                    .isEqualTo("RuntimeDefault");
            assertThat(Manifests.containers(pod)).allSatisfy(container -> {
                SecurityContext context = container.getSecurityContext();
                assertThat(context.getReadOnlyRootFilesystem()).isTrue();
                assertThat(context.getAllowPrivilegeEscalation()).isFalse();
                assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
                assertThat(context.getPrivileged()).isNull();
                assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
                assertThat(container.getResources().getLimits()).containsKey("memory");
                assertThat(container.getImage()).matches("[a-z./-]+:[0-9][0-9a-z.-]*");
                assertThat(container.getVolumeMounts())
                        .extracting(VolumeMount::getMountPath)
                        .contains("/tmp");
            });
        });
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void probesAskTheManagementPortAndNothingElse(Manifests manifests) {
        for (String component : NODES) {
            Container node = manifests.node(component);
            for (Probe probe : List.of(node.getStartupProbe(), node.getLivenessProbe())) {
                assertThat(probe.getHttpGet().getPath()).isEqualTo("/alive");
            }
            assertThat(node.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/ready");
            assertThat(List.of(node.getStartupProbe(), node.getLivenessProbe(), node.getReadinessProbe()))
                    .allSatisfy(probe -> {
                        assertThat(probe.getHttpGet().getPort()).isEqualTo(new IntOrString("management"));
                        assertThat(probe.getExec()).isNull();
                    });
            // A busy machine is late, not dead.
            Probe alive = node.getLivenessProbe();
            assertThat(alive.getPeriodSeconds() * alive.getFailureThreshold()).isGreaterThanOrEqualTo(60);
        }
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void podsAreGivenLongerToEndThanTheyMayTake(Manifests manifests) {
        Config shutdown = ConfigFactory.load("cluster.conf").getConfig("akka.coordinated-shutdown");
        Config phases = shutdown.getConfig("phases");
        Duration ours = phases.root().keySet().stream()
                .map(phase -> phase + ".timeout")
                .map(timeout -> phases.hasPath(timeout)
                        ? phases.getDuration(timeout)
                        : shutdown.getDuration("default-phase-timeout"))
                .reduce(Duration.ZERO, Duration::plus);
        assertThat(phases.root()).containsKeys("before-service-unbind", "actor-system-terminate");
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            assertThat(Duration.ofSeconds(set.getSpec().getTemplate().getSpec().getTerminationGracePeriodSeconds()))
                    .isGreaterThan(ours);
        }
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void portsAreThoseThatTheProgramListensAt(Manifests manifests) {
        Config kubernetes = ConfigFactory.parseResources("kubernetes.conf").getConfig("akka.management");
        Config node = ConfigFactory.parseString(settings(manifests).get("node.conf"));
        for (String component : NODES) {
            Map<String, Integer> ports = ports(manifests.node(component));
            assertThat(ports)
                    .containsEntry("remoting", node.getInt("cluster.port"))
                    .containsEntry("management", kubernetes.getInt("http.port"))
                    .containsEntry("metrics", node.getInt("metrics.port"))
                    .containsKey(kubernetes.getString("cluster.bootstrap.contact-point-discovery.port-name"));
        }
        assertThat(ports(manifests.node("coordinator"))).containsKey("http");
        assertThat(manifests.all(Service.class))
                .isNotEmpty()
                .allSatisfy(service -> service.getSpec()
                        .getPorts()
                        .forEach(port -> assertThat(
                                        selected(manifests, service.getSpec().getSelector()))
                                .isNotEmpty()
                                .allSatisfy(pod -> assertThat(ports(
                                                pod.getSpec().getContainers().getFirst()))
                                        .containsEntry(port.getTargetPort().getStrVal(), port.getPort()))));
        assertThat(manifests.all(NetworkPolicy.class))
                .isNotEmpty()
                .allSatisfy(policy -> policy.getSpec()
                        .getIngress()
                        .forEach(rule -> assertThat(rule.getFrom()).isNotEmpty()));
        NetworkPolicySpec nodes =
                manifests.named(NetworkPolicy.class, "blocksmith-nodes").getSpec();
        NetworkPolicyIngressRule amongNodes = nodes.getIngress().getFirst();
        assertThat(amongNodes.getPorts())
                .extracting(port -> port.getPort().getStrVal())
                .containsExactly("remoting", "management");
        assertThat(amongNodes.getFrom()).hasSize(1);
        List<PodTemplateSpec> sets = manifests.all(StatefulSet.class).stream()
                .map(set -> set.getSpec().getTemplate())
                .toList();
        assertThat(selected(manifests, nodes.getPodSelector().getMatchLabels())).containsExactlyElementsOf(sets);
        assertThat(selected(
                        manifests,
                        amongNodes.getFrom().getFirst().getPodSelector().getMatchLabels()))
                .containsExactlyElementsOf(sets);
        assertThat(manifests.all(NetworkPolicy.class).stream()
                        .flatMap(policy -> policy.getSpec().getIngress().stream())
                        .flatMap(rule -> rule.getPorts().stream())
                        .map(NetworkPolicyPort::getPort)
                        .map(IntOrString::getStrVal))
                .isSubsetOf("remoting", "management", "metrics", "http")
                .contains("remoting", "management", "metrics");
    }

    /** What BootstrapTest runs with holds for the rendered manifests, too. */
    @ParameterizedTest
    @MethodSource("overlays")
    void discoveryFindsTheCoordinatorsAndNobodyElse(Manifests manifests) {
        String cluster =
                ConfigFactory.parseString(settings(manifests).get("node.conf")).getString("cluster.name");
        String selector = ConfigFactory.parseResources("kubernetes.conf")
                .getString("akka.discovery.kubernetes-api.pod-label-selector")
                .formatted(cluster);
        Map<String, String> labels = Stream.of(selector.split(",", -1))
                .map(term -> term.split("=", 2))
                .collect(Collectors.toMap(term -> term[0], term -> term[1]));
        assertThat(selected(manifests, labels))
                .containsExactly(manifests
                        .named(StatefulSet.class, "coordinator")
                        .getSpec()
                        .getTemplate());
        assertThat(manifests.node("coordinator").getName())
                .isEqualTo(ConfigFactory.parseResources("kubernetes.conf")
                        .getString("akka.discovery.kubernetes-api.container-name"));
        Service names = manifests.named(Service.class, "blocksmith-nodes");
        assertThat(names.getSpec().getClusterIP()).isEqualTo("None");
        assertThat(names.getSpec().getPublishNotReadyAddresses()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void nodesMayListPodsAndNothingElse(Manifests manifests) {
        PolicyRule rule = manifests.all(Role.class).getFirst().getRules().getFirst();
        assertThat(manifests.all(Role.class)).hasSize(1);
        assertThat(manifests.all(Role.class).getFirst().getRules()).hasSize(1);
        assertThat(rule.getApiGroups()).containsExactly("");
        assertThat(rule.getResources()).containsExactly("pods");
        assertThat(rule.getVerbs()).containsExactly("list");
        RoleBinding binding = manifests.all(RoleBinding.class).getFirst();
        Subject subject = binding.getSubjects().getFirst();
        ServiceAccount account = manifests.named(ServiceAccount.class, subject.getName());
        assertThat(subject.getNamespace()).isEqualTo(account.getMetadata().getNamespace());
        assertThat(manifests.all(StatefulSet.class))
                .allSatisfy(
                        set -> assertThat(set.getSpec().getTemplate().getSpec().getServiceAccountName())
                                .isEqualTo(account.getMetadata().getName()));
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void coordinatorsAreDisturbedOneAtATimeAndWorkersAsYouLike(Manifests manifests) {
        boolean onOneMachine = manifests.toString().endsWith("cpu-demo");
        Map<String, IntOrString> unavailable = Map.of(
                "coordinator",
                onOneMachine ? new IntOrString("100%") : new IntOrString(1),
                "worker",
                new IntOrString("100%"));
        for (String component : NODES) {
            StatefulSet set = manifests.named(StatefulSet.class, component);
            assertThat(set.getSpec().getPodManagementPolicy()).isEqualTo("Parallel");
            assertThat(set.getSpec().getUpdateStrategy().getType()).isEqualTo("RollingUpdate");
            assertThat(set.getSpec().getTemplate().getSpec().getTopologySpreadConstraints())
                    .hasSize(1);
            PodDisruptionBudget budget = manifests.named(PodDisruptionBudget.class, component);
            assertThat(budget.getSpec().getMaxUnavailable()).isEqualTo(unavailable.get(component));
            assertThat(budget.getSpec().getUnhealthyPodEvictionPolicy()).isEqualTo("AlwaysAllow");
            assertThat(selected(manifests, budget.getSpec().getSelector().getMatchLabels()))
                    .containsExactly(set.getSpec().getTemplate());
            assertThat(selected(manifests, set.getSpec().getSelector().getMatchLabels()))
                    .containsExactly(set.getSpec().getTemplate());
        }
        assertThat(manifests.named(StatefulSet.class, "coordinator").getSpec().getReplicas())
                .isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource("overlays")
    void everyReferenceResolves(Manifests manifests) throws IOException {
        Set<String> secrets = documentedSecrets();
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            assertThat(manifests.named(Service.class, set.getSpec().getServiceName()))
                    .isNotNull();
        }
        for (PodTemplateSpec pod : manifests.pods()) {
            Set<String> volumes = new TreeSet<>();
            for (Volume volume : pod.getSpec().getVolumes()) {
                volumes.add(volume.getName());
                if (volume.getConfigMap() != null) {
                    assertThat(manifests.all(ConfigMap.class))
                            .extracting(map -> map.getMetadata().getName())
                            .contains(volume.getConfigMap().getName());
                }
                if (volume.getPersistentVolumeClaim() != null) {
                    assertThat(manifests.all(PersistentVolumeClaim.class))
                            .extracting(claim -> claim.getMetadata().getName())
                            .contains(volume.getPersistentVolumeClaim().getClaimName());
                }
                if (volume.getSecret() != null) {
                    volume.getSecret()
                            .getItems()
                            .forEach(item -> assertThat(secrets)
                                    .contains(volume.getSecret().getSecretName() + " " + item.getKey()));
                }
            }
            for (Container container : Manifests.containers(pod)) {
                assertThat(container.getVolumeMounts())
                        .extracting(VolumeMount::getName)
                        .isSubsetOf(volumes);
                assertThat(container.getEnvFrom()).isEqualTo(List.<EnvFromSource>of());
                assertThat(container.getEnv().stream()
                                .map(EnvVar::getValueFrom)
                                .filter(Objects::nonNull)
                                .map(source -> source.getSecretKeyRef())
                                .filter(Objects::nonNull))
                        .allSatisfy(secret -> assertThat(secrets).contains(secret.getName() + " " + secret.getKey()));
            }
        }
    }

    /** Name and key of each secret that README.md has a command for. */
    private static Set<String> documentedSecrets() throws IOException {
        String readme = Files.readString(Path.of("README.md")).replace("\\\n", " ");
        return Pattern.compile("create secret generic (\\S+)(.*)")
                .matcher(readme)
                .results()
                .flatMap(command -> Pattern.compile("--from-file=([a-z0-9.-]+)=")
                        .matcher(command.group(2))
                        .results()
                        .map(key -> command.group(1) + " " + key.group(1)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void gpuWorkersHaveADeviceEach() {
        Manifests gpu = Manifests.overlay("gpu");
        Container worker = gpu.node("worker");
        assertThat(worker.getResources().getLimits()).containsEntry("nvidia.com/gpu", new Quantity("1"));
        assertThat(worker.getResources().getRequests()).containsEntry("nvidia.com/gpu", new Quantity("1"));
        assertThat(worker.getImage()).contains("blocksmith-cuda:");
        assertThat(gpu.node("coordinator").getImage()).contains("/blocksmith:");
        assertThat(gpu.node("coordinator").getResources().getLimits()).doesNotContainKey("nvidia.com/gpu");
        assertThat(gpu.named(StatefulSet.class, "worker")
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getTolerations())
                .extracting(Toleration::getKey)
                .containsExactly("nvidia.com/gpu");
        assertThat(gpu.named(PersistentVolumeClaim.class, "blocksmith")
                        .getSpec()
                        .getAccessModes())
                .containsExactly("ReadWriteMany");
    }

    @Test
    void noTwoCoordinatorsShareAMachineWhereThereAreOthers() {
        assertThat(Manifests.overlay("gpu")
                        .named(StatefulSet.class, "coordinator")
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getTopologySpreadConstraints())
                .singleElement()
                .satisfies(spread -> {
                    assertThat(spread.getTopologyKey()).isEqualTo("kubernetes.io/hostname");
                    assertThat(spread.getMaxSkew()).isEqualTo(1);
                    assertThat(spread.getWhenUnsatisfiable()).isEqualTo("DoNotSchedule");
                    assertThat(spread.getNodeTaintsPolicy()).isEqualTo("Honor");
                });
    }

    /** The one command of README.md needs no secret, no operator and no special volume. */
    @Test
    void theDemoNeedsNothing() {
        Manifests demo = Manifests.overlay("cpu-demo");
        assertThat(demo.named(PersistentVolumeClaim.class, "blocksmith")
                        .getSpec()
                        .getAccessModes())
                .containsExactly("ReadWriteOnce");
        assertThat(demo.resources())
                .allSatisfy(resource -> assertThat(resource.getApiVersion()).doesNotContain("monitoring.coreos.com"));
        assertThat(demo.pods()).allSatisfy(pod -> {
            assertThat(pod.getSpec().getAffinity().getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution())
                    .allSatisfy(term -> assertThat(pod.getMetadata().getLabels())
                            .containsAllEntriesOf(term.getLabelSelector().getMatchLabels()));
            assertThat(Manifests.containers(pod).stream()
                            .flatMap(container -> container.getEnv().stream())
                            .map(EnvVar::getValueFrom)
                            .filter(Objects::nonNull)
                            .map(source -> source.getSecretKeyRef())
                            .filter(Objects::nonNull))
                    .allSatisfy(secret -> assertThat(secret.getOptional()).isTrue());
        });
    }

    private static Map<String, String> settings(Manifests manifests) {
        return manifests.named(ConfigMap.class, "blocksmith-settings").getData();
    }

    private static Map<String, Integer> ports(Container container) {
        return container.getPorts().stream()
                .collect(Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort));
    }

    private static List<PodTemplateSpec> selected(Manifests manifests, Map<String, String> labels) {
        return manifests.pods().stream()
                .filter(pod -> pod.getMetadata().getLabels().entrySet().containsAll(labels.entrySet()))
                .toList();
    }
}
