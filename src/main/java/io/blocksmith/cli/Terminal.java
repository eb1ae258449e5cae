package io.blocksmith.cli;

/** Whether stderr is a terminal; Java cannot ask for stderr alone, so the launcher tells. */
final class Terminal {
    private Terminal() {}

    static boolean isInteractive() {
        return Boolean.getBoolean("blocksmith.terminal");
    }
}
