package io.blocksmith.cluster;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import java.time.Duration;

/** Places the stages of one segment: its capture, and the training and repair of its blocks. */
final class SegmentSupervisor extends Placement {
    private final Range range;

    private SegmentSupervisor(
            ActorContext<Command> context, TimerScheduler<Command> timers, Duration repeatEvery, Range range) {
        super(context, timers, repeatEvery);
        this.range = range;
    }

    static Behavior<Command> create(Range range, Duration repeatEvery) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new SegmentSupervisor(context, timers, repeatEvery, range)));
    }

    @Override
    boolean owns(Stage stage) {
        return switch (stage) {
            case Capture(int segment, int _) -> segment == range.segment();
            case TrainBlock(int block) -> range.contains(block);
            case RepairBlock(int block) -> range.contains(block);
            case EndToEnd _ -> false;
            case Export _ -> false;
            case Evaluate _ -> false;
            case Report _ -> false;
        };
    }
}
