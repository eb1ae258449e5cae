package io.blocksmith.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.store.NamedOnce;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.S3;
import io.blocksmith.store.Stores;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Where the runs of a cluster are: {@code NAME/...} is a run, {@code queue/00000001.json} says in which order runs were
 * submitted.
 */
final class RunsFolder {
    private static final String QUEUE = "queue/";
    private static final Pattern ENTRY = Pattern.compile("queue/[0-9]{8,}\\.json");
    private static final int LONGEST_NAME = 200;
    private static final NamedOnce FOREIGN = new NamedOnce("is no entry of the queue and passed over");
    private static final String S3_SCHEME = "s3://";

    private final Settings settings;
    private final String owner;
    private final UnaryOperator<ObjectStore> around;
    /** Runs by the names of their entries in the queue. */
    private final Map<String, String> entries = new ConcurrentHashMap<>();

    /**
     * Makes a view of the folder.
     *
     * @param owner a name that no other live process uses
     */
    RunsFolder(Settings settings, String owner) {
        this(settings, owner, UnaryOperator.identity());
    }

    /**
     * The same, with every store of a run that is opened for writing handed out as {@code around} makes it.
     *
     * @param around what tests put around a store to stop a process at a named point
     */
    RunsFolder(Settings settings, String owner, UnaryOperator<ObjectStore> around) {
        this.settings = settings;
        this.owner = owner;
        this.around = around;
    }

    /** Opens a run for writing; closed by the caller. */
    ObjectStore open(String run) {
        return around.apply(Stores.open(location(run), s3(settings.s3()), owner));
    }

    /** Opens a run for looking; closed by the caller. */
    ObjectStore look(String run) {
        return Stores.openForReading(location(run), s3(settings.s3()), owner);
    }

    /** The folder or address of a run. */
    String location(String run) {
        requireName(run);
        String runs = root();
        return runs.startsWith(S3_SCHEME)
                ? runs + "/" + run
                : Path.of(runs).resolve(run).toString();
    }

    private static Path absolute(String folder) {
        return Path.of(folder).toAbsolutePath().normalize();
    }

    /** Runs in the order of their submission. */
    List<String> submitted() {
        try (ObjectStore queue = queue()) {
            return submitted(queue);
        }
    }

    /** The store of {@link #submitted(ObjectStore)}, for whoever asks often; closed by the caller. */
    ObjectStore queue() {
        return Stores.openForReading(root(), s3(settings.s3()), owner);
    }

    /**
     * The same from a store that is open; each entry is read once, because nobody changes it. What is no entry is named once
     * and passed over: it must not keep the others from their turn.
     */
    List<String> submitted(ObjectStore queue) {
        List<String> runs = new ArrayList<>();
        for (String name : queue.list(QUEUE)) {
            entry(queue, name).filter(run -> !runs.contains(run)).ifPresent(runs::add);
        }
        return runs;
    }

    private Optional<String> entry(ObjectStore queue, String name) {
        Optional<String> known = Optional.ofNullable(entries.get(name));
        if (known.isPresent()) {
            return known;
        }
        if (!ENTRY.matcher(name).matches()) {
            FOREIGN.tell(queue.where(name), "its name is not that of an entry");
            return Optional.empty();
        }
        try {
            JsonNode named = Json.MAPPER.readTree(queue.read(name)).path("run");
            String run = named.isTextual() ? named.asText() : "";
            requireName(run);
            entries.put(name, run);
            return Optional.of(run);
        } catch (BlocksmithException | IOException broken) {
            FOREIGN.tell(queue.where(name), Reason.of(broken));
            return Optional.empty();
        }
    }

    /** Refuses what is no name of a folder in the runs folder, or leads out of it. */
    private static void requireName(String run) {
        boolean plain = !run.isEmpty()
                && run.length() <= LONGEST_NAME
                && !run.startsWith(".")
                && run.chars().noneMatch(letter -> letter == '/' || letter == '\\' || Character.isISOControl(letter));
        if (!plain || run.equals("queue")) {
            throw BlocksmithException.user(
                    "run.name = %s: choose another name; expected one folder's: without / and \\, not beginning with a"
                            + " dot, not queue, of at most %d letters",
                    run, LONGEST_NAME);
        }
    }

    /** Puts the run at the end of the queue, unless it is in it. */
    void submit(String run) {
        try (ObjectStore queue = Stores.open(root(), s3(settings.s3()), owner)) {
            List<String> before = queue.list(QUEUE);
            if (submitted(queue).contains(run)) {
                return;
            }
            byte[] content = (Json.write(Map.of("run", run)) + "\n").getBytes(StandardCharsets.UTF_8);
            int place = before.size() + 1;
            while (!queue.createIfAbsent("%s%08d.json".formatted(QUEUE, place), content)) {
                place++;
            }
        }
    }

    private String root() {
        String runs = settings.cluster().runs();
        return runs.startsWith(S3_SCHEME)
                ? runs.replaceFirst("/+$", "")
                : absolute(runs).toString();
    }

    /** The settings as the store wants them. */
    static S3 s3(Settings.S3 settings) {
        Path cache = settings.cache().isEmpty()
                ? Path.of(System.getProperty("java.io.tmpdir"), "blocksmith-s3")
                : absolute(settings.cache());
        return new S3(
                Optional.of(settings.endpoint()).filter(text -> !text.isEmpty()).map(RunsFolder::uri),
                Optional.of(settings.region()).filter(text -> !text.isEmpty()),
                settings.pathStyle(),
                cache,
                settings.cacheBytes());
    }

    private static URI uri(String text) {
        try {
            return URI.create(text);
        } catch (IllegalArgumentException e) {
            throw BlocksmithException.user("s3.endpoint = %s: expected a URL: %s", text, e.getMessage());
        }
    }
}
