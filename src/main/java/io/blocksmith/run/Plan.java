package io.blocksmith.run;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Recipe;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * All stages of a run with what each needs, in the order in which they are preferred when several could start. It
 * follows from the recipe and the number of blocks alone, so every supervisor of a run sees the same plan.
 *
 * <ul>
 *   <li>Captures come first, because they set other segments free.
 *   <li>Blocks with the most blocks behind them in their segment come first: the longest chain decides when a run
 * ends.
 *   <li>Evaluations that need no training come last.
 * </ul>
 */
public final class Plan {
    private final Segments segments;
    private final int captureParts;
    private final boolean repaired;
    private final SequencedMap<Stage, Set<Stage>> prerequisites;
    /** All that a stage is built on, its prerequisites' prerequisites included. */
    private final Map<Stage, Set<Stage>> ancestors = new HashMap<>();

    private Plan(Segments segments, int captureParts, boolean repaired, SequencedMap<Stage, Set<Stage>> prerequisites) {
        this.segments = segments;
        this.captureParts = captureParts;
        this.repaired = repaired;
        this.prerequisites = prerequisites;
        prerequisites.forEach((stage, before) -> {
            Set<Stage> all = new LinkedHashSet<>(before);
            before.forEach(one -> all.addAll(ancestors.get(one)));
            ancestors.put(stage, all);
        });
    }

    /**
     * The plan of a run.
     *
     * @param blocks decoder layers of the model
     * @throws BlocksmithException when the recipe asks for more segments than there are blocks
     */
    public static Plan of(Recipe recipe, int blocks) {
        Segments segments = Segments.even(blocks, recipe.blockAp().segments());
        // With one segment every block saw the true quantized stream: there is nothing to repair.
        boolean repaired =
                recipe.blockAp().repair().samples() > 0 && recipe.blockAp().segments() > 1;
        // One worker goes through one segment after the other in any case; more have use for as many parts.
        int captureParts = segments.ranges().size();
        SequencedMap<Stage, Set<Stage>> stages = new LinkedHashMap<>();
        for (Range range : segments.ranges()) {
            int segment = range.segment();
            for (int part = 0; part < captureParts; part++) {
                stages.put(
                        new Capture(segment, part), segment == 0 ? Set.of() : Set.of(new Capture(segment - 1, part)));
            }
        }
        IntStream.range(0, blocks)
                .boxed()
                .sorted(Comparator.comparingInt(
                        block -> block - segments.of(block).end()))
                .forEach(block -> {
                    Range range = segments.of(block);
                    boolean first = block == range.first();
                    stages.put(
                            new TrainBlock(block),
                            first ? captures(range.segment(), captureParts) : Set.of(new TrainBlock(block - 1)));
                });
        Set<Stage> trained = blockStages(blocks, false);
        if (repaired) {
            for (int block = 0; block < blocks; block++) {
                Set<Stage> before = new LinkedHashSet<>(trained);
                if (block > 0) {
                    before.add(new RepairBlock(block - 1));
                }
                stages.put(new RepairBlock(block), Collections.unmodifiableSet(before));
            }
        }
        Set<Stage> blockAp = blockStages(blocks, repaired);
        Stage endToEnd = new EndToEnd();
        stages.put(endToEnd, blockAp);
        for (ExportFormat format : recipe.exports()) {
            stages.put(new Export(format), Set.of(endToEnd));
        }
        stages.put(new Evaluate(Subject.END_TO_END), Set.of(endToEnd));
        stages.put(new Evaluate(Subject.BLOCK_AP), blockAp);
        stages.put(new Evaluate(Subject.FULL_PRECISION), Set.of());
        stages.put(new Evaluate(Subject.ROUND_TO_NEAREST), Set.of());
        stages.put(new Report(), Collections.unmodifiableSet(new LinkedHashSet<>(stages.keySet())));
        return new Plan(segments, captureParts, repaired, Collections.unmodifiableSequencedMap(stages));
    }

    private static Set<Stage> captures(int segment, int parts) {
        Set<Stage> stages = new LinkedHashSet<>();
        for (int part = 0; part < parts; part++) {
            stages.add(new Capture(segment, part));
        }
        return Collections.unmodifiableSet(stages);
    }

    private static Set<Stage> blockStages(int blocks, boolean repaired) {
        Set<Stage> stages = new LinkedHashSet<>();
        for (int block = 0; block < blocks; block++) {
            stages.add(repaired ? new RepairBlock(block) : new TrainBlock(block));
        }
        return Collections.unmodifiableSet(stages);
    }

    /** Every stage, the preferred ones first; each stands after its prerequisites. */
    public SequencedSet<Stage> stages() {
        return prerequisites.sequencedKeySet();
    }

    /** The stages that must have committed before {@code stage} may start. */
    public Set<Stage> prerequisites(Stage stage) {
        Set<Stage> before = prerequisites.get(stage);
        if (before == null) {
            throw BlocksmithException.defect("stage %s is not part of this run's plan", stage.key());
        }
        return before;
    }

    /**
     * Stages that could start now, the preferred ones first. One whose prerequisites have committed waits all the same
     * while anything behind them is done again: it may read that, too, and would only find it missing.
     */
    public List<Stage> ready(RunState state) {
        return stages().stream()
                .filter(stage -> state.stage(stage) instanceof StageState.Waiting)
                .filter(stage -> prerequisites(stage).stream().allMatch(state::isCommitted))
                .filter(stage -> ancestors.get(stage).stream().allMatch(state::isCommitted))
                .toList();
    }

    public boolean isDone(RunState state) {
        return stages().stream().allMatch(state::isCommitted);
    }

    public Segments segments() {
        return segments;
    }

    /** Parts that the samples are captured in; how they are cut does not change a byte. */
    public int captureParts() {
        return captureParts;
    }

    /** Whether a repair pass follows the segments; the last state of a block is then its repaired one. */
    public boolean repaired() {
        return repaired;
    }

    /** The stage whose commit holds the final Block-AP state of {@code block}. */
    public Stage finalStage(int block) {
        return repaired ? new RepairBlock(block) : new TrainBlock(block);
    }
}
