package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;

/** Places the stages of one segment: its capture, and the training and repair of its blocks. */
final class SegmentSupervisor extends Placement {
    private final Range range;

    private SegmentSupervisor(ActorContext<Command> context, ActorRef<RunSupervisor.Command> supervisor, Range range) {
        super(context, supervisor);
        this.range = range;
    }

    static Behavior<Command> create(ActorRef<RunSupervisor.Command> supervisor, Range range) {
        return Behaviors.setup(context -> new SegmentSupervisor(context, supervisor, range));
    }

    @Override
    boolean owns(Stage stage) {
        return switch (stage) {
            case Capture(int segment, int _) -> segment == range.segment();
            case TrainBlock(int block) -> range.contains(block);
            case RepairBlock(int block) -> range.contains(block);
            case EndToEnd ignored -> false;
            case Export ignored -> false;
            case Evaluate ignored -> false;
            case Report ignored -> false;
        };
    }
}
