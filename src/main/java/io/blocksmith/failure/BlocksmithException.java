package io.blocksmith.failure;

import java.util.Locale;

/** A failure with a {@link Category} and a message that a user can act on: what, where, expected, found, what to do. */
public final class BlocksmithException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Category category;

    public BlocksmithException(Category category, String message, Throwable cause) {
        super(message, cause);
        this.category = category;
    }

    public Category category() {
        return category;
    }

    /** A wrong input; {@code format} follows {@link String#format}. */
    public static BlocksmithException user(String format, Object... arguments) {
        return new BlocksmithException(Category.USER, message(format, arguments), null);
    }

    /** A machine that cannot do what is asked. */
    public static BlocksmithException environment(Throwable cause, String format, Object... arguments) {
        return new BlocksmithException(Category.ENVIRONMENT, message(format, arguments), cause);
    }

    /** Something that may succeed when tried again. */
    public static BlocksmithException transientFault(Throwable cause, String format, Object... arguments) {
        return new BlocksmithException(Category.TRANSIENT, message(format, arguments), cause);
    }

    /** A broken promise of our own code. */
    public static BlocksmithException defect(String format, Object... arguments) {
        return new BlocksmithException(Category.DEFECT, message(format, arguments), null);
    }

    private static String message(String format, Object... arguments) {
        return arguments.length == 0 ? format : String.format(Locale.ROOT, format, arguments);
    }
}
