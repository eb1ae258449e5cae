package io.blocksmith.cluster;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import java.time.Duration;

/** Places the stages over the whole model: E2E-QP, and what is made of its result. */
final class EndToEndCoordinator extends Placement {

    private EndToEndCoordinator(ActorContext<Command> context, TimerScheduler<Command> timers, Duration repeatEvery) {
        super(context, timers, repeatEvery);
    }

    static Behavior<Command> create(Duration repeatEvery) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new EndToEndCoordinator(context, timers, repeatEvery)));
    }

    @Override
    boolean owns(Stage stage) {
        return switch (stage) {
            case EndToEnd _ -> true;
            case Export _ -> true;
            case Evaluate _ -> true;
            case Report _ -> true;
            case Capture _ -> false;
            case TrainBlock _ -> false;
            case RepairBlock _ -> false;
        };
    }
}
