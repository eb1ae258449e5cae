package io.blocksmith.stage;

import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.boundary.SealedBoundary;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.ActivationPart;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Gatherers;
import java.util.stream.IntStream;

/** Boundaries in the store: each shard an object, put by the attempt that made it and looked up when it is read. */
record StoredBoundaries(RunContext run) {
    /** Shards that are put side by side: one alone waits for digest, network and disk in turn. */
    private static final int AT_ONCE = 4;

    /**
     * What one committed stage sealed.
     *
     * @param layout of its samples alone
     */
    record Sealed(Stage stage, ActivationLayout layout) {}

    /**
     * Seals a boundary of {@code ticket}: its shards become objects, readable by whoever trains {@code block}. Ends early,
     * without those that are on their way, when the attempt is cancelled.
     */
    List<ObjectRef> seal(
            FolderBoundary boundary, Ticket ticket, int block, RunNames.Stream stream, AttemptProgress progress) {
        List<ObjectRef> objects = new ArrayList<>();
        String prefix = RunNames.boundary(ticket, block, stream);
        int shards = boundary.layout().shards();
        IntStream.range(0, shards)
                .mapToObj(ActivationLayout::shardName)
                .gather(Gatherers.mapConcurrent(
                        AT_ONCE,
                        name -> run.store()
                                .put(prefix + name, boundary.directory().resolve(name))))
                .forEachOrdered(object -> {
                    objects.add(object);
                    progress.checked(objects.size(), shards);
                });
        return objects;
    }

    /** What is wrong with a part of a boundary; empty when every shard of it is as it was committed. */
    Optional<String> damage(
            RunState state, Sealed sealed, int block, RunNames.Stream stream, AttemptProgress progress) {
        Committed committed = RunContext.committed(state, sealed.stage());
        String prefix = RunNames.boundary(committed.ticket(), block, stream);
        List<ObjectRef> shards = committed.result().objects().stream()
                .filter(object -> object.name().startsWith(prefix))
                .toList();
        int expected = sealed.layout().shards();
        if (shards.size() != expected) {
            return Optional.of("%s sealed %d shards of it, %d are needed"
                    .formatted(sealed.stage().key(), shards.size(), expected));
        }
        for (int shard = 0; shard < expected; shard++) {
            Optional<String> damage = run.damage(shards.get(shard));
            if (damage.isPresent()) {
                return damage;
            }
            progress.checked(shard + 1L, expected);
        }
        return Optional.empty();
    }

    /** The boundary before {@code block} that committed stages sealed, one part after the other. */
    Boundary read(RunState state, List<Sealed> sealed, int block, RunNames.Stream stream) {
        List<ActivationPart> parts =
                sealed.stream().map(part -> part(state, part, block, stream)).toList();
        return new SealedBoundary("boundary %d, %s".formatted(block, stream.key()), parts);
    }

    private ActivationPart part(RunState state, Sealed sealed, int block, RunNames.Stream stream) {
        Committed committed = RunContext.committed(state, sealed.stage());
        String prefix = RunNames.boundary(committed.ticket(), block, stream);
        Map<String, ObjectRef> objects = new HashMap<>();
        committed.result().objects().forEach(object -> objects.put(object.name(), object));
        return new ActivationPart(sealed.layout(), index -> {
            String name = prefix + ActivationLayout.shardName(index);
            ObjectRef object = objects.get(name);
            if (object == null) {
                throw BlocksmithException.defect("%s did not seal %s", committed.ticket(), name);
            }
            return run.verified(object, sealed.stage());
        });
    }
}
