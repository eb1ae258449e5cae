package io.blocksmith.run;

/**
 * Told of everything that an attempt measures about itself. Called on the device thread and on the thread that saves, often;
 * must return at once.
 */
public interface StageMeter {
    /** Where nobody is interested. */
    StageMeter NONE = new StageMeter() {
        @Override
        public boolean listens() {
            return false;
        }

        @Override
        public void measured(Ticket ticket, Measurement measurement) {}
    };

    /** Whether anybody is interested: what costs time to measure is measured only then. */
    default boolean listens() {
        return true;
    }

    /** {@code ticket} is the attempt that is run, or shared, here. */
    void measured(Ticket ticket, Measurement measurement);
}
