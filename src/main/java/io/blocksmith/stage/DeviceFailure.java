package io.blocksmith.stage;

import ai.djl.engine.EngineException;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What libtorch throws when the device, not a computation, is to blame. It says so in its text alone; lack of memory comes
 * with what was asked for and, on a GPU, what there is. The texts of a GPU are from libtorch's sources, none was met here.
 */
final class DeviceFailure {
    private static final List<String> MEMORY = List.of(
            "can't allocate memory", "out of memory", "cublas_status_alloc_failed", "cudnn_status_alloc_failed");
    private static final List<String> BROKEN = List.of("cuda error", "cudnn error", "cublas_status", "nccl error");
    private static final Pattern NEEDED =
            Pattern.compile("tried to allocate ([0-9.]+ (?:bytes|[KMGT]i?B))", Pattern.CASE_INSENSITIVE);
    private static final Pattern PRESENT = Pattern.compile(
            "total capacit?y of ([0-9.]+ [KMGT]i?B) of which ([0-9.]+ (?:bytes|[KMGT]i?B)) is free",
            Pattern.CASE_INSENSITIVE);

    private DeviceFailure() {}

    /** The failure under its name; empty when the device is not to blame. */
    static Optional<BlocksmithException> of(EngineException failure) {
        String message = String.valueOf(failure.getMessage());
        String lower = message.toLowerCase(Locale.ROOT);
        if (MEMORY.stream().anyMatch(lower::contains)) {
            return Optional.of(memory(failure, message));
        }
        return BROKEN.stream().anyMatch(lower::contains)
                ? Optional.of(BlocksmithException.environment(
                        failure,
                        "the GPU failed: %s. A process that met this as a rule cannot use its GPU again: look at dmesg"
                                + " and nvidia-smi, and start this worker anew",
                        firstLine(message)))
                : Optional.empty();
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("").strip();
    }

    private static BlocksmithException memory(EngineException failure, String message) {
        Matcher needed = NEEDED.matcher(message);
        Matcher present = PRESENT.matcher(message);
        String need = needed.find() ? needed.group(1) + " more were needed" : "how much was needed is not known";
        String have = present.find()
                ? "%s of %s were free".formatted(present.group(2), present.group(1))
                : "what was free is not known";
        return new BlocksmithException(
                Category.DEVICE_MEMORY,
                ("out of memory on the device: %s, %s. Lower block-ap.batch-size or raise end-to-end.gradient-shards; "
                                + "`blocksmith inspect` tells what a recipe needs (%s)")
                        .formatted(need, have, firstLine(message)),
                failure);
    }
}
