package io.blocksmith.chaos;

import io.blocksmith.run.Assignment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;

/**
 * Stages whose progress passes a gate, {@code step STAGE PHASE step N saved M}, and whose training steps are noted in a
 * {@link StepLog}. An attempt that is held leaves the gate by itself when it is cancelled.
 */
public record GatedStages(StageRunner stages, FaultGate gate, StepLog log) implements StageRunner {

    @Override
    public StageResult run(Assignment assignment, Monitor monitor) {
        return stages.run(assignment, new Monitor() {
            private long before = System.nanoTime();
            private Progress last;

            @Override
            public void progressed(Progress progress) {
                if (last != null && last.isSameStep(progress)) {
                    // A sign of life between two steps.
                    monitor.progressed(progress);
                    return;
                }
                last = progress;
                long now = System.nanoTime();
                if (progress.phase().equals("train") && progress.step() > 0) {
                    log.stepped(progress.ticket(), progress.step(), (now - before) / 1e9);
                }
                monitor.progressed(progress);
                String point = "step %s %s step %d saved %d"
                        .formatted(
                                progress.ticket().stage().key(),
                                progress.phase(),
                                progress.step(),
                                progress.savedStep());
                gate.pass(point, monitor::cancelled);
                before = System.nanoTime();
            }

            @Override
            public boolean cancelled() {
                return monitor.cancelled();
            }
        });
    }

    @Override
    public void assist(Assignment assignment, String worker, Monitor monitor) {
        stages.assist(assignment, worker, monitor);
    }
}
