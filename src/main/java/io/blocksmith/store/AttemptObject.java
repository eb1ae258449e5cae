package io.blocksmith.store;

import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The parts of a name that stands below an attempt's own prefix: {@code
 * blocks/007/attempt-2/checkpoint-0000000096/state.safetensors} is attempt 2 of the stage {@code blocks/007/attempt-}.
 *
 * @param stage what the prefixes of all attempts at one stage begin with
 * @param name the whole name
 */
record AttemptObject(String stage, int attempt, String name) {
    static final String MANIFEST = "checkpoint.json";
    private static final Pattern OBJECT = Pattern.compile("((?:blocks/[0-9]+|end-to-end)/.*?attempt-)([0-9]{1,9})/.*");
    private static final Pattern CHECKPOINT = Pattern.compile(".*/checkpoint-[0-9]+/[^/]+");
    private static final String FIRST = "1/";

    /** Of a block or of E2E-QP; other stages keep nothing that goes before the run does. */
    static Optional<AttemptObject> parse(String name) {
        Matcher matcher = OBJECT.matcher(name);
        return matcher.matches()
                ? Optional.of(new AttemptObject(matcher.group(1), Integer.parseInt(matcher.group(2)), name))
                : Optional.empty();
    }

    /** What the prefixes of all attempts at {@code stage} begin with. */
    static String prefix(Stage stage) {
        String first = RunNames.attempt(new Ticket("", stage, 1, 0));
        return first.endsWith(FIRST) ? first.substring(0, first.length() - FIRST.length()) : first;
    }

    boolean isCheckpoint() {
        return CHECKPOINT.matcher(name).matches();
    }

    /** The object without which there is no checkpoint. */
    boolean isManifest() {
        return isCheckpoint() && name.endsWith("/" + MANIFEST);
    }

    /** Gradients on their way between the workers of one attempt at E2E-QP. */
    boolean isExchange() {
        return name.startsWith(stage + attempt + "/exchange/");
    }
}
