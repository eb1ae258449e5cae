package io.blocksmith.run;

/** A stage met a committed object that is torn or rotten; the run rebuilds the stage that left it. */
public final class DamagedResultException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Stage source;

    /**
     * Makes the exception.
     *
     * @param source the stage whose result is damaged
     * @param message object, expected, found
     */
    public DamagedResultException(Stage source, String message) {
        super(message);
        this.source = source;
    }

    public Stage source() {
        return source;
    }
}
