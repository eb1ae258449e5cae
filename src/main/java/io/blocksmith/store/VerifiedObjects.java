package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Committed objects, each read through and compared with its record before this process first uses it; later only asked
 * whether it is still there in its length. For use by many threads.
 */
public final class VerifiedObjects {
    private final ObjectStore store;
    private final Set<ObjectRef> sound = ConcurrentHashMap.newKeySet();

    public VerifiedObjects(ObjectStore store) {
        this.store = store;
    }

    /**
     * A local file with the object called {@code name} of a committed stage.
     *
     * @throws BlocksmithException when it is missing or damaged, saying what is expected, what was found and what to do
     */
    public Path path(Committed committed, String name) {
        ObjectRef object = committed.result().objects().stream()
                .filter(reference -> reference.name().equals(name))
                .findFirst()
                .orElseThrow(() -> BlocksmithException.defect("%s committed no object '%s'", committed.ticket(), name));
        return path(object, committed.ticket().stage());
    }

    /**
     * A local file with an object that {@code stage} committed.
     *
     * @throws BlocksmithException as above
     */
    public Path path(ObjectRef object, Stage stage) {
        Optional<String> damage = damage(object);
        if (damage.isPresent()) {
            throw BlocksmithException.environment(
                    null,
                    "%s: %s; 'blocksmith verify' shows whether there is more, 'blocksmith retry %s' makes it anew",
                    store.where(object.name()),
                    damage.get(),
                    stage.key());
        }
        return store.path(object.name());
    }

    /** What is wrong with the object, with expected and found; empty when nothing is. */
    public Optional<String> damage(ObjectRef object) {
        Optional<String> damage = look(object);
        if (damage.isPresent()) {
            // It may be the local copy that is damaged, or an object that arrived a moment ago.
            store.refresh(object.name());
            damage = look(object);
        }
        if (damage.isEmpty()) {
            sound.add(object);
        }
        return damage;
    }

    private Optional<String> look(ObjectRef expected) {
        if (!store.exists(expected.name())) {
            return Optional.of("missing; %s expected".formatted(describe(expected)));
        }
        Path file = store.path(expected.name());
        try {
            long bytes = Files.size(file);
            if (bytes != expected.bytes()) {
                return Optional.of("damaged: %d bytes expected, %d found".formatted(expected.bytes(), bytes));
            }
            return sound.contains(expected)
                    ? Optional.empty()
                    : difference(expected, Digests.of(expected.name(), file));
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "read", file);
        }
    }

    static Optional<String> difference(ObjectRef expected, ObjectRef found) {
        return found.equals(expected)
                ? Optional.empty()
                : Optional.of("damaged: %s expected, %s found".formatted(describe(expected), describe(found)));
    }

    static String describe(ObjectRef object) {
        return "%d bytes with SHA-256 %s".formatted(object.bytes(), object.sha256());
    }
}
