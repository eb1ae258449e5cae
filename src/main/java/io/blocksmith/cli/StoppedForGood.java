package io.blocksmith.cli;

/**
 * A run has stopped, and starting it again at once would stop it again: somebody cancelled it, or a stage failed in all its
 * tries. Batch systems are told not to requeue it.
 */
final class StoppedForGood extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StoppedForGood(String message) {
        super(message);
    }
}
