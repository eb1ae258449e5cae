package io.blocksmith.stage;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Who computes gradient shards with this replica, as far as it knows. Replicas may differ in what they know: then a shard
 * is computed twice, or late, never wrongly.
 *
 * <p>Whoever delivered nothing of its own in a step is no longer counted on, until it delivers again: so a replica that
 * vanished costs one wait, and a slow one comes back by itself.
 */
final class Replicas {
    /** The name of whoever runs the attempt; workers' names hold no brackets. */
    static final String LEADER = "(leader)";

    private final String self;
    private final Set<String> met = new HashSet<>();
    private final TreeSet<String> present = new TreeSet<>();

    Replicas(String self) {
        this.self = self;
        met.add(self);
        met.add(LEADER);
        present.add(self);
        present.add(LEADER);
    }

    /** A name for {@code worker} that can be part of an object's name and fits a {@link GradientFile}. */
    static String name(String worker) {
        String plain = worker.replaceAll("[^A-Za-z0-9.-]", "_");
        return plain.length() <= 40 && plain.equals(worker)
                ? plain
                : "%s-%08x".formatted(plain.substring(0, Math.min(40, plain.length())), worker.hashCode());
    }

    /**
     * Takes note of who has announced itself.
     *
     * @return whether anybody is new
     */
    boolean announced(Collection<String> names) {
        boolean anybody = false;
        for (String name : names) {
            if (met.add(name)) {
                present.add(name);
                anybody = true;
            }
        }
        return anybody;
    }

    /** Who is expected to compute each of {@code shards} shards. */
    List<String> owners(int shards) {
        List<String> names = List.copyOf(present);
        return IntStream.range(0, shards)
                .mapToObj(shard -> names.get(shard % names.size()))
                .toList();
    }

    /** Takes note of who computed the shards that {@code owners} were expected to. */
    void delivered(List<String> owners, List<String> workers) {
        Set<String> worked = new HashSet<>(workers);
        present.removeIf(name -> owners.contains(name) && !worked.contains(name));
        present.addAll(worked);
        present.add(self);
    }
}
