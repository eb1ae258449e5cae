package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Plans;
import io.blocksmith.spec.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpecFileTest {
    record Identity(Recipe recipe, String modelDigest) {}

    record Operations(String modelPath) {}

    @TempDir
    Path root;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(root, "test");
    }

    private static SpecFile spec(int bits, String model) {
        return SpecFile.of(new Identity(Plans.recipe(bits, 1, 0), model), new Operations("models/tiny"));
    }

    @Test
    void readsBackAsTheRecordsItWasMadeFrom() {
        spec(2, "m1").writeOrConfirm(store);
        SpecFile read = SpecFile.read(store);
        assertThat(read.identity(Identity.class)).isEqualTo(new Identity(Plans.recipe(2, 1, 0), "m1"));
        assertThat(read.operations(Operations.class)).isEqualTo(new Operations("models/tiny"));
        assertThat(read.identityDigest()).isEqualTo(spec(2, "m1").identityDigest());
    }

    @Test
    void theSameIdentityIsConfirmedWhateverTheOperations() {
        SpecFile first = spec(2, "m1").writeOrConfirm(store);
        SpecFile moved = SpecFile.of(first.identity(), new Operations("elsewhere"));
        assertThat(moved.writeOrConfirm(store)).isEqualTo(first);
    }

    @Test
    void aChangedIdentityIsRefusedWithEveryDifference() {
        spec(2, "m1").writeOrConfirm(store);
        assertThatThrownBy(() -> spec(3, "m2").writeOrConfirm(store))
                .hasMessage("""
                    %s belongs to another run; use another run folder, or the settings it was started with:
                      model-digest: "m1" in the run folder, "m2" now
                      quantization.bits: 2 in the run folder, 3 now\
                    """, root.resolve("spec.json"))
                .isInstanceOfSatisfying(
                        BlocksmithException.class,
                        failure -> assertThat(failure.category()).isEqualTo(Category.USER));
    }

    @Test
    void theDigestDoesNotDependOnTheOrderOfKeys() {
        SpecFile one = SpecFile.of(Map.of("a", Map.of("x", 1, "y", 2)), Map.of());
        record Inner(int y, int x) {}
        record Outer(Inner a) {}
        assertThat(SpecFile.of(new Outer(new Inner(2, 1)), Map.of()).identityDigest())
                .isEqualTo(one.identityDigest());
    }

    @Test
    void anAlteredIdentityIsNoticed() throws IOException {
        spec(2, "m1").writeOrConfirm(store);
        Path file = root.resolve("spec.json");
        Files.writeString(file, Files.readString(file).replace("\"bits\" : 2", "\"bits\" : 3"));
        assertThatThrownBy(() -> SpecFile.read(store)).hasMessageContaining("the identity was altered");
    }
}
