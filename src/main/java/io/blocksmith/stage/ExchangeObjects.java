package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the replicas of one attempt at E2E-QP tell each other, as objects below {@link RunNames#exchange}.
 *
 * <pre>
 * helpers/WORKER.json               a worker that wants to help
 * begun-0000000008.json             from step 8 on, every gradient shard is here
 * step-0000000012/shard-003.grad    a {@link GradientFile}
 * </pre>
 *
 * Nothing here is needed for the result: what is missing or damaged is computed again.
 */
final class ExchangeObjects {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeObjects.class);
    private static final Pattern BEGUN = Pattern.compile("begun-([0-9]+)\\.json$");
    private static final Pattern STEP = Pattern.compile("/step-([0-9]+)/");

    private final ObjectStore store;
    private final Ticket ticket;
    private final String prefix;

    ExchangeObjects(ObjectStore store, Ticket ticket) {
        this.store = store;
        this.ticket = ticket;
        this.prefix = RunNames.exchange(ticket);
    }

    /** Makes {@code name} known as a helper. */
    void announce(String name) {
        byte[] content = "{\"worker\":\"%s\"}\n".formatted(name).getBytes(StandardCharsets.UTF_8);
        store.replace(prefix + "helpers/" + name + ".json", content);
    }

    /** Everybody who ever announced itself. */
    List<String> helpers() {
        String folder = prefix + "helpers/";
        return store.list(folder).stream()
                .map(name -> name.substring(folder.length()).replaceFirst("\\.json$", ""))
                .toList();
    }

    /** Tells that every step from {@code step} on is shared. */
    void begin(long step) {
        store.createIfAbsent("%sbegun-%010d.json".formatted(prefix, step), new byte[] {'{', '}', '\n'});
    }

    /** The first shared step, once there is one. */
    OptionalLong begun() {
        return store.list(prefix + "begun-").stream()
                .map(BEGUN::matcher)
                .filter(Matcher::find)
                .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
                .min();
    }

    private String step(long step) {
        return "%sstep-%010d/".formatted(prefix, step);
    }

    private String shard(long step, int shard) {
        return "%sshard-%03d.grad".formatted(step(step), shard);
    }

    /** The shards of {@code step} that are here, whole or not. */
    Set<Integer> shards(long step) {
        String folder = step(step);
        return store.list(folder).stream()
                .map(name -> name.substring(folder.length()))
                .filter(name -> name.matches("shard-[0-9]{3,9}\\.grad"))
                .map(name -> Integer.parseInt(name.substring("shard-".length(), name.indexOf('.'))))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Makes the shard at hand known; when there is one already, the same numbers take its place. */
    void put(GradientFile.Key key, double loss, String worker, List<NDArray> arrays) {
        String name = shard(key.step(), key.shard());
        Path file = store.temporary(name);
        GradientFile.write(file, key, loss, worker, arrays);
        store.put(name, file);
    }

    /** Reads a shard into {@code arrays}; empty when it is not here, or damaged. */
    Optional<GradientFile.Found> read(GradientFile.Key key, List<NDArray> arrays) {
        String name = shard(key.step(), key.shard());
        try {
            Optional<GradientFile.Found> found = GradientFile.read(store.path(name), key, arrays);
            if (found.isEmpty()) {
                LOG.warn("{}: {} is damaged, or of another training; it is computed again", ticket, name);
            }
            return found;
        } catch (IOException e) {
            return Optional.empty();
        } catch (BlocksmithException e) {
            if (e.category() == Category.ENVIRONMENT) {
                return Optional.empty();
            }
            throw e;
        } finally {
            // Read once: a store that keeps local copies need not keep this one.
            store.refresh(name);
        }
    }

    /** Deletes the shards of steps before {@code step}, those of earlier attempts as well. */
    void deleteBefore(long step) {
        for (int attempt = 1; attempt <= ticket.attempt(); attempt++) {
            for (String name : store.list(attempt(attempt).prefix + "step-")) {
                Matcher matcher = STEP.matcher(name);
                if (matcher.find() && Long.parseLong(matcher.group(1)) < step) {
                    store.delete(name);
                }
            }
        }
    }

    /** The steps that a shard is here of. */
    Set<Long> steps() {
        return store.list(prefix + "step-").stream()
                .map(STEP::matcher)
                .filter(Matcher::find)
                .map(matcher -> Long.valueOf(matcher.group(1)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The exchanges of earlier attempts, the newest first. */
    List<ExchangeObjects> earlier() {
        return IntStream.iterate(ticket.attempt() - 1, attempt -> attempt > 0, attempt -> attempt - 1)
                .mapToObj(this::attempt)
                .toList();
    }

    private ExchangeObjects attempt(int attempt) {
        return new ExchangeObjects(store, new Ticket(ticket.run(), new EndToEnd(), attempt, ticket.epoch()));
    }
}
