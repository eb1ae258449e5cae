package io.blocksmith.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.files.Reason;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Recipe;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Reads a whole run and compares everything in it with what its records say. Changes nothing. Meant for a run that rests:
 * beside a live one, objects that it supersedes meanwhile are reported as missing.
 *
 * <p>What is checked: the digest of the specification, the ledger's chain and that its events follow one another, that
 * its end is where the last heartbeat saw it, every object that a commit names and that is still wanted, every
 * checkpoint. What nothing names, and what was left unfinished, is noted.
 */
public final class RunVerification {
    /** How bad it is. */
    public enum Severity {
        /** Something is missing or altered. */
        FAULT,
        /** Something is left over, which harms nobody. */
        NOTE
    }

    /** One thing that is not as it should be. */
    public record Finding(Severity severity, String object, String expected, String found) {
        @Override
        public String toString() {
            return "%s %s: %s expected, %s found".formatted(severity, object, expected, found);
        }
    }

    /**
     * All that was found.
     *
     * @param records of the ledger that were read without a fault
     * @param objects that were read through, apart from those records
     * @param bytes of these
     */
    public record Result(List<Finding> findings, long records, long objects, long bytes) {
        public Result {
            findings = List.copyOf(findings);
        }

        /** Whether nothing is missing or altered. */
        public boolean sound() {
            return findings.stream().noneMatch(finding -> finding.severity() == Severity.FAULT);
        }
    }

    /** Told after each object, for a verification that takes hours. */
    public interface Progress {
        void read(String object, long bytes, long ofBytes);
    }

    private final ObjectStore store;
    private final Progress progress;
    private final List<Finding> findings = new ArrayList<>();
    private final Set<String> named = new HashSet<>();
    private long objects;
    private long bytes;
    private long allBytes;

    private RunVerification(ObjectStore store, Progress progress) {
        this.store = store;
        this.progress = progress;
    }

    /**
     * Reads everything.
     *
     * @throws BlocksmithException when the store itself fails; what is wrong with the run is in the result
     */
    public static Result verify(ObjectStore store, Progress progress) {
        return new RunVerification(store, progress).verify();
    }

    private Result verify() {
        Ledger ledger = new Ledger(store);
        boolean whole =
                sound("ledger", "an unbroken chain of records", ledger::read).isPresent();
        RunState state = ledger.soFar();
        end();
        Optional<Plan> plan = plan(state);
        List<String> names = store.list("");
        List<ObjectRef> expected = new ArrayList<>(committed(plan, state));
        expected.addAll(checkpoints(names));
        allBytes = expected.stream().mapToLong(ObjectRef::bytes).sum();
        expected.forEach(this::check);
        if (whole && plan.isPresent()) {
            // Otherwise nobody knows what is one.
            leftovers(names, state);
        }
        store.unfinished().forEach(file -> note(file, "to be finished"));
        return new Result(findings, ledger.end().sequence(), objects, bytes);
    }

    /** The plan that the specification and the ledger agree on. */
    private Optional<Plan> plan(RunState state) {
        Optional<SpecFile> spec = sound(RunNames.SPEC, "a specification", () -> SpecFile.read(store));
        if (spec.isEmpty()) {
            return Optional.empty();
        }
        if (!state.identityDigest().isEmpty() && !spec.get().identityDigest().equals(state.identityDigest())) {
            fault(
                    RunNames.SPEC,
                    "identity digest " + state.identityDigest(),
                    spec.get().identityDigest());
        }
        if (state.blocks() == 0) {
            return Optional.empty();
        }
        return sound(RunNames.SPEC, "a recipe that fits the model", () -> Plan.of(recipe(spec.get()), state.blocks()));
    }

    private static Recipe recipe(SpecFile spec) {
        try {
            return Json.MAPPER.treeToValue(spec.identity().path("recipe"), Recipe.class);
        } catch (JsonProcessingException malformed) {
            throw BlocksmithException.environment(malformed, "%s", malformed.getOriginalMessage());
        }
    }

    /** The chain itself cannot show that its last record was altered or removed. */
    private void end() {
        Optional<LiveStatus> live = sound(RunNames.LIVE, "a heartbeat", () -> LiveStatus.read(store))
                .flatMap(read -> read);
        if (live.isEmpty() || live.get().sequence() == 0) {
            return;
        }
        String last = Ledger.name(live.get().sequence());
        Optional<byte[]> content = store.find(last);
        if (content.isEmpty()) {
            fault(last, "the last record that the supervisor wrote", "nothing");
        } else if (!Digests.sha256(content.get()).equals(live.get().digest())) {
            fault(last, "SHA-256 " + live.get().digest(), Digests.sha256(content.get()));
        }
    }

    /** What commits name and what must still be there. */
    private List<ObjectRef> committed(Optional<Plan> plan, RunState state) {
        List<Ticket> keeping =
                plan.map(known -> Retention.keeping(known, state)).orElse(List.of());
        List<ObjectRef> wanted = new ArrayList<>();
        state.committed().forEach(stage -> {
            for (ObjectRef object : stage.result().objects()) {
                boolean superseded = object.name().startsWith(RunNames.BOUNDARIES)
                        && !Retention.isBoundaryOfAny(keeping, object.name());
                if (!superseded) {
                    named.add(object.name());
                    wanted.add(object);
                }
            }
        });
        return wanted;
    }

    /** The state files of all complete checkpoints. */
    private List<ObjectRef> checkpoints(List<String> names) {
        List<ObjectRef> states = new ArrayList<>();
        for (String name : names) {
            if (AttemptObject.parse(name).filter(AttemptObject::isManifest).isPresent()) {
                named.add(name);
                String state = name.substring(0, name.lastIndexOf('/') + 1) + "state.safetensors";
                sound(name, "a checkpoint's description", () -> description(name, state))
                        .ifPresent(object -> {
                            named.add(state);
                            states.add(object);
                        });
            }
        }
        return states;
    }

    private ObjectRef description(String name, String state) {
        try {
            JsonNode tree = Json.MAPPER.readTree(store.read(name));
            if (!tree.path("bytes").isIntegralNumber() || !tree.path("sha256").isTextual()) {
                throw BlocksmithException.environment(null, "no bytes or no sha256");
            }
            return new ObjectRef(
                    state, tree.path("bytes").asLong(), tree.path("sha256").asText());
        } catch (IOException malformed) {
            throw BlocksmithException.environment(malformed, "%s", Reason.of(malformed));
        }
    }

    private void check(ObjectRef expected) {
        Optional<ObjectRef> found = store.examine(expected.name());
        if (found.isEmpty()) {
            fault(expected.name(), VerifiedObjects.describe(expected), "nothing");
        } else {
            objects++;
            bytes += found.get().bytes();
            if (!found.get().equals(expected)) {
                fault(expected.name(), VerifiedObjects.describe(expected), VerifiedObjects.describe(found.get()));
            }
        }
        progress.read(expected.name(), bytes, allBytes);
    }

    private void leftovers(List<String> names, RunState state) {
        List<Ticket> running = state.running().stream().map(Running::ticket).toList();
        for (String name : names) {
            boolean known = named.contains(name)
                    || RunNames.SPEC.equals(name)
                    || RunNames.LIVE.equals(name)
                    || name.startsWith(Ledger.PREFIX)
                    || !name.contains("/")
                    || name.startsWith("inputs/")
                    || name.startsWith(RunNames.REQUESTS)
                    || Retention.isBoundaryOfAny(running, name)
                    || running.stream().anyMatch(ticket -> isBelow(RunNames.attempt(ticket), name));
            if (!known) {
                note(name, "to be named by a record");
            }
        }
    }

    private static boolean isBelow(String prefix, String name) {
        return !prefix.isEmpty() && name.startsWith(prefix);
    }

    private void note(String object, String expected) {
        findings.add(new Finding(Severity.NOTE, object, expected, "a leftover"));
    }

    private void fault(String object, String expected, String found) {
        findings.add(new Finding(Severity.FAULT, object, expected, found));
    }

    /** What {@code reading} returns; a finding when the run, not the store, is at fault. */
    private <T> Optional<T> sound(String object, String expected, Supplier<T> reading) {
        try {
            return Optional.of(reading.get());
        } catch (BlocksmithException failure) {
            if (failure.category() == Category.STORE_UNAVAILABLE || failure.category() == Category.TRANSIENT) {
                throw failure;
            }
            fault(object, expected, failure.getMessage());
            return Optional.empty();
        }
    }
}
