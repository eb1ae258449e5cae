package io.blocksmith.stage;

import io.blocksmith.boundary.Boundary;
import io.blocksmith.run.Measurement;

/** Samples on their way through a block without training: tells how far they are, and what the device did and waited for. */
final class DevicePass implements Boundary.PassListener {
    private final AttemptProgress progress;
    private final int length;
    private final double flopsPerToken;
    private long before;
    private long samples;
    private long awaitingNanos;

    /**
     * @param length tokens in a sample
     */
    DevicePass(AttemptProgress progress, int length, double flopsPerToken) {
        this.progress = progress;
        this.length = length;
        this.flopsPerToken = flopsPerToken;
    }

    @Override
    public void awaiting() {
        awaitingNanos = progress.nanoTime().getAsLong();
    }

    @Override
    public void received() {
        progress.meter().waited(progress.nanoTime().getAsLong() - awaitingNanos);
    }

    @Override
    public void passed(int samples, int ofSamples) {
        went(samples, ofSamples);
    }

    /** {@code done} of {@code of} samples have passed, each block's counted anew where they pass several. */
    void went(long done, long of) {
        progress.meter().passed(done, of, (done - before) * length, flopsPerToken);
        before = done;
        samples = of;
        progress.passed(done, of, length);
        progress.meter().mark();
    }

    /** All {@code tokens} have passed the head as well, whose operations alone are new. */
    void head(long tokens, double flops) {
        Measurement.Work work = progress.meter().work(tokens, flops);
        progress.meter()
                .tell(new Measurement.Passed(
                        before, samples, new Measurement.Work(0, work.flops(), work.seconds(), work.waitSeconds())));
        progress.meter().mark();
    }
}
