package io.blocksmith.stage;

import ai.djl.engine.EngineException;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** libtorch reports lack of memory as a text, which also says what was asked for and, on a GPU, what there is. */
final class DeviceMemory {
    private static final Pattern NEEDED =
            Pattern.compile("tried to allocate ([0-9.]+ (?:bytes|[KMGT]i?B))", Pattern.CASE_INSENSITIVE);
    private static final Pattern PRESENT = Pattern.compile(
            "total capacit?y of ([0-9.]+ [KMGT]i?B) of which ([0-9.]+ (?:bytes|[KMGT]i?B)) is free",
            Pattern.CASE_INSENSITIVE);

    private DeviceMemory() {}

    /** The failure as one of memory; empty when it is another. */
    static Optional<BlocksmithException> failure(EngineException failure) {
        String message = String.valueOf(failure.getMessage());
        String lower = message.toLowerCase(Locale.ROOT);
        if (!lower.contains("can't allocate memory") && !lower.contains("out of memory")) {
            return Optional.empty();
        }
        Matcher needed = NEEDED.matcher(message);
        Matcher present = PRESENT.matcher(message);
        String need = needed.find() ? needed.group(1) + " more were needed" : "how much was needed is not known";
        String have = present.find()
                ? "%s of %s were free".formatted(present.group(2), present.group(1))
                : "what was free is not known";
        return Optional.of(new BlocksmithException(
                Category.DEVICE_MEMORY,
                ("out of memory on the device: %s, %s. Lower block-ap.batch-size or raise end-to-end.gradient-shards; "
                                + "`blocksmith inspect` tells what a recipe needs (%s)")
                        .formatted(
                                need,
                                have,
                                message.lines().findFirst().orElse("").strip()),
                failure));
    }
}
