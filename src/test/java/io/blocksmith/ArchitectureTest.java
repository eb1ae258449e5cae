package io.blocksmith;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may know whom. A new package is added to {@link #KNOWS}, from the bottom upwards. */
class ArchitectureTest {
    private static final String ROOT = "io.blocksmith.";

    /** The packages of ours that a package may know; {@code cli} wires everything and is not listed. */
    private static final Map<String, List<String>> KNOWS = Map.ofEntries(
            Map.entry("failure", List.of()),
            Map.entry("files", List.of("failure")),
            Map.entry("spec", List.of("failure")),
            Map.entry("config", List.of("spec", "files", "failure")),
            Map.entry("safetensors", List.of("files", "failure")),
            Map.entry("data", List.of("safetensors", "spec", "files", "failure")),
            Map.entry("tensor", List.of("safetensors", "spec", "files", "failure")),
            Map.entry("quant", List.of("tensor", "safetensors", "spec", "failure")),
            Map.entry("llama", List.of("quant", "tensor", "safetensors", "spec", "files", "failure")),
            Map.entry("packed", List.of("llama", "quant", "tensor", "safetensors", "spec", "failure")),
            Map.entry("boundary", List.of("llama", "tensor", "data", "spec", "files", "failure")),
            Map.entry("train", List.of("packed", "llama", "quant", "tensor", "spec", "failure")),
            Map.entry(
                    "export",
                    List.of("packed", "llama", "quant", "tensor", "data", "safetensors", "spec", "files", "failure")),
            Map.entry("eval", List.of("boundary", "llama", "tensor", "data", "spec", "files", "failure")),
            Map.entry("estimate", List.of("llama", "data", "safetensors", "spec", "failure")),
            Map.entry("simulate", List.of("run", "estimate", "llama", "safetensors", "spec", "failure")),
            Map.entry("bench", List.of("train", "llama", "quant", "tensor", "spec", "failure")),
            Map.entry("run", List.of("spec", "failure")),
            Map.entry("store", List.of("run", "spec", "files", "failure")),
            Map.entry("metrics", List.of("run", "spec", "files", "failure")),
            Map.entry(
                    "stage",
                    List.of(
                            "report",
                            "store",
                            "run",
                            "train",
                            "export",
                            "eval",
                            "estimate",
                            "boundary",
                            "packed",
                            "llama",
                            "quant",
                            "tensor",
                            "data",
                            "safetensors",
                            "spec",
                            "files",
                            "failure")),
            Map.entry("cluster", List.of("store", "run", "spec", "failure")),
            Map.entry("webhook", List.of("failure")),
            Map.entry("status", List.of("cluster", "stage", "store", "run", "spec", "failure")),
            Map.entry("http", List.of("status", "cluster", "stage", "store", "run", "spec", "files", "failure")),
            Map.entry("demo", List.of("train", "llama", "tensor", "safetensors", "spec", "files", "failure")),
            Map.entry("report", List.of("run", "files", "failure")));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.blocksmith");

    static Stream<String> packages() {
        return KNOWS.keySet().stream().sorted();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void aPackageKnowsOnlyPackagesBelowIt(String name) {
        List<String> allowed =
                Stream.concat(Stream.of(name), KNOWS.get(name).stream()).toList();
        String[] forbidden = Stream.concat(Stream.of("cli"), packages())
                .filter(other -> !allowed.contains(other))
                .map(ArchitectureTest::inside)
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage(inside(name))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void everyPackageHasAPlaceInTheLayers() {
        TreeSet<String> found = new TreeSet<>();
        CLASSES.forEach(
                type -> found.add(type.getPackageName().substring(ROOT.length()).split("\\.")[0]));
        found.remove("cli");
        assertThat(KNOWS.keySet()).containsAll(found);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + "(**)")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    /** No files, no sockets, no threads of its own: what enters does so as an argument. */
    @Test
    void theCoreOfARunIsPure() {
        classes()
                .that()
                .resideInAnyPackage(inside("run"), inside("spec"), inside("failure"))
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java.lang..",
                        "java.math..",
                        "java.util..",
                        "java.time..",
                        "java.nio.charset..",
                        inside("run"),
                        inside("spec"),
                        inside("failure"))
                .check(CLASSES);
    }

    @Test
    void onlyTheNumericalPackagesTouchDjl() {
        onlyTheseTouch(
                "ai.djl..",
                "demo",
                "bench",
                "tensor",
                "quant",
                "llama",
                "packed",
                "boundary",
                "train",
                "eval",
                "export",
                "stage",
                "data");
    }

    /** The exception is the one that the tokenizers throw. */
    @Test
    void dataTakesOnlyTheTokenizersFromDjl() {
        noClasses()
                .that()
                .resideInAPackage(inside("data"))
                .should()
                .dependOnClassesThat(resideInAPackage("ai.djl..")
                        .and(resideOutsideOfPackage("ai.djl.huggingface.tokenizers.."))
                        .and(not(equivalentTo(EngineException.class))))
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void onlyTheClusterTouchesAkka() {
        onlyTheseTouch("akka..", "cluster", "http", "cli");
    }

    @Test
    void onlyConfigurationAndWiringSeeAConfig() {
        onlyTheseTouch("com.typesafe.config..", "config", "cluster", "http", "cli");
    }

    @Test
    void noClassIsABin() {
        noClasses()
                .should()
                .haveNameMatching(".*(Util|Helper|Manager|Common|Impl)(s|[A-Z$].*)?")
                .check(CLASSES);
    }

    @Test
    void everyPackageSaysWhatItIs() throws IOException {
        try (Stream<Path> walk = Files.walk(Path.of("src/main/java"))) {
            List<Path> silent = walk.filter(path -> path.toString().endsWith(".java"))
                    .map(Path::getParent)
                    .distinct()
                    .filter(folder -> !Files.exists(folder.resolve("package-info.java")))
                    .toList();
            assertThat(silent).isEmpty();
        }
    }

    private static void onlyTheseTouch(String library, String... names) {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        Stream.of(names).map(ArchitectureTest::inside).toArray(String[]::new))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(CLASSES);
    }

    private static String inside(String name) {
        return ROOT + name + "..";
    }
}
