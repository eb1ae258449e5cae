package io.blocksmith.run.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.simulation.World.Ending;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * The pure core of a run against thousands of seeded fault schedules under virtual time. A failing seed prints itself and
 * what happened; {@code -Dblocksmith.simulation.seed=N} replays one schedule with its whole trace, and
 * {@code -Dblocksmith.simulation.schedules=N} plays another number of them, {@code -Dblocksmith.simulation.from=N} others.
 */
class SimulationTest {
    private static final long SCHEDULES = Long.getLong("blocksmith.simulation.schedules", 10_000);
    private static final long FROM = Long.getLong("blocksmith.simulation.from", 0);
    private static final int SHOWN = 120;

    @Test
    void everyScheduleEndsAndKeepsEveryInvariant() {
        Long one = Long.getLong("blocksmith.simulation.seed");
        if (one != null) {
            World world = new World(one, true);
            try {
                System.out.println(one + " ends " + world.run());
            } finally {
                System.out.println(world.traced());
            }
            return;
        }
        Map<Long, Throwable> failed = new ConcurrentSkipListMap<>();
        long began = System.nanoTime();
        Map<Ending, Long> endings = LongStream.range(FROM, FROM + SCHEDULES)
                .parallel()
                .mapToObj(seed -> play(seed, failed))
                .flatMap(Optional::stream)
                .collect(Collectors.groupingBy(ending -> ending, TreeMap::new, Collectors.counting()));
        System.out.printf(
                "%d fault schedules from seed %d in %.1f s: %s, failed %s%n",
                SCHEDULES, FROM, (System.nanoTime() - began) / 1e9, endings, failed.keySet());
        assertThat(failed.keySet()).as(() -> explain(failed)).isEmpty();
        assertThat(endings.get(Ending.COMPLETED)).as("most runs complete").isGreaterThan(SCHEDULES / 2);
    }

    private static Optional<Ending> play(long seed, Map<Long, Throwable> failed) {
        try {
            return Optional.of(new World(seed, false).run());
        } catch (AssertionError | RuntimeException failure) {
            failed.put(seed, failure);
            return Optional.empty();
        }
    }

    private static String explain(Map<Long, Throwable> failed) {
        long seed = failed.keySet().iterator().next();
        World world = new World(seed, true);
        try {
            world.run();
        } catch (AssertionError | RuntimeException same) {
            String[] lines = world.traced().split("\n");
            int from = Math.max(0, lines.length - SHOWN);
            return "%d schedules fail, first seed %d: %s%nThe end of its trace (all of it: -Dblocksmith.simulation.seed=%d):%n%s"
                    .formatted(
                            failed.size(),
                            seed,
                            same,
                            seed,
                            String.join("\n", Arrays.asList(lines).subList(from, lines.length)));
        }
        return "seed %d failed and does not fail again".formatted(seed);
    }
}
