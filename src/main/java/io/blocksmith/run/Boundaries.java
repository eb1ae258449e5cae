package io.blocksmith.run;

import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import java.util.LinkedHashSet;
import java.util.Set;

/** Which stages' hidden states, the largest thing that a run writes, are still wanted. */
public final class Boundaries {
    private Boundaries() {}

    /** The committed stages whose boundary an uncommitted stage is yet to read; no other boundary needs to be kept. */
    public static Set<Stage> needed(Plan plan, RunState state) {
        Set<Stage> needed = new LinkedHashSet<>();
        for (Stage stage : plan.stages()) {
            if (state.isCommitted(stage) && !readers(plan, stage).stream().allMatch(state::isCommitted)) {
                needed.add(stage);
            }
        }
        return needed;
    }

    /** The stages of the plan that read the boundary written by {@code stage}. */
    public static Set<Stage> readers(Plan plan, Stage stage) {
        Set<Stage> readers = new LinkedHashSet<>();
        switch (stage) {
            case Capture(int segment, int part) -> {
                Range range = plan.segments().ranges().get(segment);
                readers.add(new TrainBlock(range.first()));
                readers.add(new Capture(segment + 1, part));
            }
            case TrainBlock(int block) -> {
                if (plan.segments().of(block).contains(block + 1)) {
                    readers.add(new TrainBlock(block + 1));
                }
            }
            case RepairBlock(int block) -> readers.add(new RepairBlock(block + 1));
            case EndToEnd ignored -> {}
            case Evaluate ignored -> {}
            case Export ignored -> {}
            case Report ignored -> {}
        }
        readers.retainAll(plan.stages());
        return readers;
    }
}
