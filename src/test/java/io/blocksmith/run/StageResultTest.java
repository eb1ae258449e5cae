package io.blocksmith.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.run.Stage.TrainBlock;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.RandomAccess;
import org.junit.jupiter.api.Test;

/** The objects of a result are those that were given, whatever they are called, in little memory. */
class StageResultTest {
    private static final String DIGEST = "0123456789abcdef".repeat(4);

    private static StageResult result(List<ObjectRef> objects) {
        return new StageResult(objects, Map.of());
    }

    @Test
    void objectsAreThoseThatWereGiven() {
        List<ObjectRef> objects = List.of(
                new ObjectRef("a/b/shard-000.act", 5, DIGEST),
                new ObjectRef("a/b/shard-001.act", Long.MAX_VALUE, DIGEST.replace('0', 'f')),
                new ObjectRef("a/c/ünïcode-✓", 0, DIGEST.replace('1', 'e')),
                new ObjectRef("alone", 7, DIGEST.replace('2', 'd')),
                new ObjectRef("a/", 7, DIGEST.replace('3', 'c')));
        List<ObjectRef> kept = result(objects).objects();
        assertThat(kept).containsExactlyElementsOf(objects).isInstanceOf(RandomAccess.class);
        assertThat(result(objects)).isEqualTo(result(new ArrayList<>(objects))).hasSameHashCodeAs(result(kept));
        assertThatThrownBy(() -> kept.add(objects.getFirst())).isInstanceOf(UnsupportedOperationException.class);
        assertThat(result(List.of()).objects()).isEmpty();
    }

    @Test
    void whatIsNoDigestStaysAsItIs() {
        List<ObjectRef> objects = List.of(
                new ObjectRef("a/short", 1, "abc"),
                new ObjectRef("a/upper", 1, DIGEST.toUpperCase(Locale.ROOT)),
                new ObjectRef("a/fits", 1, DIGEST));
        assertThat(result(objects).objects()).isEqualTo(objects);
    }

    @Test
    void theResultsOfA70BModelTakeLessThan60Megabytes() {
        long before = heapInUse();
        List<StageResult> results = new ArrayList<>();
        for (int block = 0; block < 79; block++) {
            results.add(LargeResults.of(new Ticket("run", new TrainBlock(block), 1, 1)));
        }
        long bytes = heapInUse() - before;
        assertThat(results.stream().mapToInt(result -> result.objects().size()).sum())
                .isEqualTo(79 * (2 * LargeResults.WINDOWS + 2));
        // 42 MB were measured here, 158 MB with a list of ObjectRef.
        assertThat(bytes).isLessThan(60_000_000);
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
