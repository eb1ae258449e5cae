package io.blocksmith.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The settings that the config maps hold, read with the environment that their containers get. */
class MountedSettingsTest {
    /** Where the image has what the repository has in its root. */
    private static final String IMAGE = "/opt/blocksmith/";

    @TempDir
    private Path folder;

    @Test
    void theDemosNodesTalkInPlainTextAndServeTheApiAtLoopback() throws IOException {
        Manifests demo = Manifests.overlay("cpu-demo");
        Settings coordinator = settings(demo, "coordinator");
        assertThat(coordinator.cluster().discovery()).isEqualTo(Settings.Cluster.Discovery.KUBERNETES);
        assertThat(coordinator.cluster().host()).isEqualTo("value of POD_IP");
        assertThat(coordinator.http()).isEqualTo(new Settings.Http("127.0.0.1", 8080, "", List.of()));
        assertThat(demo.node("coordinator").getPorts())
                .anySatisfy(port -> assertThat(List.of(port.getName(), port.getContainerPort()))
                        .isEqualTo(List.of("http", coordinator.http().port())));
        assertThat(coordinator.akka().hasPath("akka.remote.artery.transport")).isFalse();
        assertThat(coordinator.cluster().runs()).startsWith(mount(demo.node("coordinator"), "blocksmith"));
        Settings worker = settings(demo, "worker");
        assertThat(worker.cluster().worker()).isEqualTo("value of POD_NAME");
        assertThat(worker.compute()).isEqualTo(new Settings.Compute("cpu", 1));
        assertThat(worker.cluster().runs()).isEqualTo(coordinator.cluster().runs());
    }

    @Test
    void nodesWithGpusTalkOverTlsAndServeTheApiBehindAToken() throws IOException {
        Manifests gpu = Manifests.overlay("gpu");
        Settings coordinator = settings(gpu, "coordinator");
        assertThat(coordinator.http().host()).isEqualTo("0.0.0.0");
        assertThat(coordinator.http().token()).isEqualTo("value of BLOCKSMITH_HTTP_TOKEN");
        for (String component : List.of("coordinator", "worker")) {
            Config artery = settings(gpu, component).akka().getConfig("akka.remote.artery");
            assertThat(artery.getString("transport")).isEqualTo("tls-tcp");
            String keys = artery.getString("ssl.config-ssl-engine.key-store");
            assertThat(keys).startsWith(mount(gpu.node(component), "tls") + "/");
        }
        assertThat(settings(gpu, "worker").compute()).isEqualTo(new Settings.Compute("gpu0", 8));
    }

    @Test
    void runsAreInABucketWithThatComponent() throws IOException {
        Path overlay = Files.createDirectories(Path.of("target", "k8s-s3"));
        Files.writeString(overlay.resolve("kustomization.yaml"), """
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            namespace: any
            resources: [../../k8s/base]
            components: [../../k8s/components/s3]
            """);
        Manifests s3 = Manifests.of(overlay);
        for (String component : List.of("coordinator", "worker")) {
            Settings settings = settings(s3, component);
            assertThat(settings.cluster().runs()).startsWith("s3://");
            assertThat(settings.s3().cache()).isEqualTo(mount(s3.node(component), "cache"));
            assertThat(BigDecimal.valueOf(settings.s3().cacheBytes()))
                    .isLessThan(volume(s3, component, "cache")
                            .getEmptyDir()
                            .getSizeLimit()
                            .getNumericalAmount());
            assertThat(s3.node(component).getEnv())
                    .extracting(variable -> variable.getName())
                    .contains("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        }
    }

    @Test
    void theDemosJobSubmitsARunThatIsThere() throws IOException {
        Manifests demo = Manifests.overlay("cpu-demo");
        Job job = demo.named(Job.class, "blocksmith-demo");
        Container submit =
                job.getSpec().getTemplate().getSpec().getInitContainers().getFirst();
        Container watch = job.getSpec().getTemplate().getSpec().getContainers().getFirst();
        assertThat(submit.getArgs().getFirst()).isEqualTo("submit");
        Settings cluster = resolved(demo, submit, submit.getArgs().getLast(), "blocksmith-settings");
        Settings recipe = resolved(demo, submit, submit.getArgs().get(1), "blocksmith-demo");
        assertThat(watch.getArgs())
                .containsExactly(
                        "watch", cluster.cluster().runs() + "/" + recipe.run().name());
        // The image has the demo where k8s/assemble puts it.
        assertThat(Files.readString(Path.of("k8s", "assemble"))).contains("\"$image/demo/demo-llama\"");
        assertThat(recipe.run().model()).isEqualTo(IMAGE + "demo/demo-llama");
        assertThat(recipe.run().calibration()).isEqualTo(IMAGE + "demo/calibration.jsonl");
        assertThat(recipe.recipe().blockAp().segments()).isEqualTo(2);
    }

    private static Volume volume(Manifests manifests, String component, String name) {
        return manifests.named(StatefulSet.class, component).getSpec().getTemplate().getSpec().getVolumes().stream()
                .filter(volume -> volume.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private Settings settings(Manifests manifests, String component) throws IOException {
        Container node = manifests.node(component);
        assertThat(node.getArgs().getFirst()).isEqualTo(component);
        return resolved(manifests, node, node.getArgs().getLast(), "blocksmith-settings");
    }

    /** Reads a file that a container has from a config map; unknown keys and missing variables are refused. */
    private Settings resolved(Manifests manifests, Container container, String file, String map) throws IOException {
        String name = Path.of(file).getFileName().toString();
        assertThat(Path.of(file).getParent())
                .hasToString(mount(container, map.replace("blocksmith-", "").replace("demo", "recipe")));
        Path mounted = Files.createTempDirectory(folder, "mounted");
        for (Map.Entry<String, String> entry :
                manifests.named(ConfigMap.class, map).getData().entrySet()) {
            String ours = entry.getValue()
                    .replace("\"" + IMAGE + "conf", "\"" + Path.of("conf").toAbsolutePath());
            Files.writeString(mounted.resolve(entry.getKey()), ours);
        }
        Map<String, String> environment = container.getEnv().stream()
                .filter(variable -> variable.getValueFrom() == null
                        || variable.getValueFrom().getSecretKeyRef() == null
                        || !Boolean.TRUE.equals(
                                variable.getValueFrom().getSecretKeyRef().getOptional()))
                .collect(Collectors.toMap(
                        variable -> variable.getName(),
                        variable -> Optional.ofNullable(variable.getValue()).orElse("value of " + variable.getName())));
        Config resolved = ConfigFactory.parseFile(
                        mounted.resolve(name).toFile(),
                        ConfigParseOptions.defaults().setAllowMissing(false))
                .withFallback(ConfigFactory.parseMap(environment))
                .resolve();
        for (String variable : environment.keySet()) {
            resolved = resolved.withoutPath(variable);
        }
        Path whole = mounted.resolve("whole.conf");
        Files.writeString(whole, resolved.root().render(ConfigRenderOptions.concise()));
        return SettingsLoader.load(Optional.of(whole), List.of(), Map.of());
    }

    private static String mount(Container container, String volume) {
        return container.getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals(volume))
                .findFirst()
                .orElseThrow()
                .getMountPath();
    }
}
