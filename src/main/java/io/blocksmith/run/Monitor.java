package io.blocksmith.run;

/** What an attempt tells while it runs, and asks. Called on the device thread, often; must return at once. */
public interface Monitor {

    /** The attempt has come further. */
    void progressed(Progress progress);

    /** Whether it is to end at its next step, with what it has saved; true for good once true. */
    boolean cancelled();
}
