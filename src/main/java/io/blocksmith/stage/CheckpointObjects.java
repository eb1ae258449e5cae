package io.blocksmith.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one stage in the store. Each is a state file and, created after it, a small JSON object that names
 * its length and digest: without the second there is no checkpoint. The two newest of this attempt's line are kept, so
 * that one survives damage to the other; what is older goes only after the new one is durable.
 */
final class CheckpointObjects {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointObjects.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;
    private static final String STATE = "state.safetensors";
    private static final String MANIFEST = "checkpoint.json";

    private final ObjectStore store;
    private final Ticket ticket;
    private final double learningRateFactor;
    private final String numerics;
    /** Prefixes of the checkpoints that are known to be good, newest first. */
    private final List<String> good = new ArrayList<>();

    /**
     * What a checkpoint says of itself.
     *
     * @param learningRateFactor of the adjustment that it was trained with
     * @param numerics fingerprint of the device that trained it
     */
    record Manifest(
            int version,
            String run,
            String stage,
            int attempt,
            long epoch,
            long step,
            double learningRateFactor,
            String numerics,
            long bytes,
            String sha256) {}

    private record Found(String prefix, Manifest manifest) {}

    CheckpointObjects(ObjectStore store, Assignment assignment, String numerics) {
        this.store = store;
        this.ticket = assignment.ticket();
        this.learningRateFactor = assignment.adjustment().learningRateFactor();
        this.numerics = numerics;
    }

    /** The state file of the newest complete checkpoint that this attempt may go on from. */
    Optional<Path> newest() {
        List<Found> usable = new ArrayList<>();
        for (String name : names()) {
            if (name.endsWith("/" + MANIFEST)) {
                String prefix = name.substring(0, name.length() - MANIFEST.length());
                read(name).filter(this::isOurs).ifPresent(manifest -> usable.add(new Found(prefix, manifest)));
            }
        }
        usable.sort(Comparator.comparingLong((Found found) -> found.manifest().step())
                .thenComparingInt(found -> found.manifest().attempt())
                .reversed());
        for (Found found : usable) {
            Optional<String> damage = damage(found);
            if (damage.isEmpty()) {
                good.add(found.prefix());
                return Optional.of(store.path(found.prefix() + STATE));
            }
            LOG.warn("{}: checkpoint {} is damaged and skipped: {}", ticket, found.prefix(), damage.get());
        }
        return Optional.empty();
    }

    /** Steps of the newest checkpoint that this very attempt saved, by its name; it was not looked into. */
    OptionalLong savedStep() {
        return names().stream()
                .filter(name -> name.endsWith("/" + MANIFEST) && name.startsWith(RunNames.attempt(ticket)))
                .mapToLong(RunNames::checkpointStep)
                .max();
    }

    private boolean isOurs(Manifest manifest) {
        return manifest.attempt() <= ticket.attempt()
                && manifest.learningRateFactor() == learningRateFactor
                && manifest.numerics().equals(numerics);
    }

    private List<String> names() {
        return store.list(RunNames.checkpoints(ticket.stage())).stream()
                .filter(name -> RunNames.checkpointAttempt(name).isPresent())
                .toList();
    }

    private Optional<Manifest> read(String name) {
        try {
            Manifest manifest = JSON.readValue(store.read(name), Manifest.class);
            if (manifest.version() == VERSION && manifest.numerics() != null && manifest.sha256() != null) {
                return Optional.of(manifest);
            }
            LOG.warn("{}: checkpoint {} is of version {} and skipped", ticket, name, manifest.version());
        } catch (BlocksmithException e) {
            requireStoreAnswered(e);
            LOG.warn("{}: checkpoint {} is damaged and skipped: {}", ticket, name, firstLine(e));
        } catch (IOException e) {
            LOG.warn("{}: checkpoint {} is damaged and skipped: {}", ticket, name, firstLine(e));
        }
        return Optional.empty();
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private Optional<String> damage(Found found) {
        String name = found.prefix() + STATE;
        Manifest manifest = found.manifest();
        try {
            // What is gone on from is read again, not a copy that somebody made before.
            store.refresh(name);
            Path state = store.path(name);
            long bytes = Files.size(state);
            if (bytes != manifest.bytes()) {
                return Optional.of("%s has %d bytes, expected %d".formatted(state, bytes, manifest.bytes()));
            }
            String digest = InputDigests.sha256(state);
            return digest.equals(manifest.sha256())
                    ? Optional.empty()
                    : Optional.of("%s has SHA-256 %s, expected %s".formatted(state, digest, manifest.sha256()));
        } catch (IOException e) {
            return Optional.of(e.toString());
        } catch (BlocksmithException e) {
            requireStoreAnswered(e);
            return Optional.of(e.getMessage());
        }
    }

    /** A store that does not answer says nothing about an object: starting anew for that would throw work away. */
    private static void requireStoreAnswered(BlocksmithException e) {
        if (e.category() == Category.STORE_UNAVAILABLE || e.category() == Category.TRANSIENT) {
            throw e;
        }
    }

    /** A local file to write the state after {@code step} steps into. */
    Path temporary(long step) {
        return store.temporary(RunNames.checkpoint(ticket, step) + STATE);
    }

    /** Bytes that a new checkpoint may take. */
    long freeBytes() {
        return store.freeBytes();
    }

    /** Makes a written state the newest checkpoint, durably; returns its bytes. */
    long put(long step, Path state) {
        String prefix = RunNames.checkpoint(ticket, step);
        ObjectRef object = store.put(prefix + STATE, state);
        Manifest manifest = new Manifest(
                VERSION,
                ticket.run(),
                ticket.stage().key(),
                ticket.attempt(),
                ticket.epoch(),
                step,
                learningRateFactor,
                numerics,
                object.bytes(),
                object.sha256());
        store.createIfAbsent(prefix + MANIFEST, json(manifest));
        good.addFirst(prefix);
        return object.bytes();
    }

    /** Deletes what the two newest good checkpoints supersede; of a later attempt, nothing. */
    void prune() {
        while (good.size() > 2) {
            good.removeLast();
        }
        Set<String> kept = new HashSet<>(good);
        // In the order of names a checkpoint's JSON goes before its state: there is never one without the other.
        names().stream()
                .filter(name -> RunNames.checkpointAttempt(name).orElseThrow() <= ticket.attempt())
                .filter(name -> !kept.contains(name.substring(0, name.lastIndexOf('/') + 1)))
                .forEach(store::delete);
    }

    private static byte[] json(Manifest manifest) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("checkpoint: %s", e.getMessage());
        }
    }
}
