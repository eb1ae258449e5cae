package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;

/** Places the stages over the whole model: E2E-QP, and what is made of its result. */
final class EndToEndCoordinator extends Placement {

    private EndToEndCoordinator(ActorContext<Command> context, ActorRef<RunSupervisor.Command> supervisor) {
        super(context, supervisor);
    }

    static Behavior<Command> create(ActorRef<RunSupervisor.Command> supervisor) {
        return Behaviors.setup(context -> new EndToEndCoordinator(context, supervisor));
    }

    @Override
    boolean owns(Stage stage) {
        return switch (stage) {
            case EndToEnd ignored -> true;
            case Export ignored -> true;
            case Evaluate ignored -> true;
            case Report ignored -> true;
            case Capture ignored -> false;
            case TrainBlock ignored -> false;
            case RepairBlock ignored -> false;
        };
    }
}
