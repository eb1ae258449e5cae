package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;

/** One attempt at training or repairing one block; says in the log what came out of it. */
final class BlockTrainer extends StageAttempt {

    private BlockTrainer(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Assignment assignment,
            ActorRef<WorkerNode.Command> worker,
            Device device,
            Pace pace) {
        super(context, timers, assignment, worker, device, pace);
    }

    /** A trainer that starts at once. */
    static Behavior<Command> create(
            Assignment assignment, ActorRef<WorkerNode.Command> worker, Device device, Pace pace) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new BlockTrainer(context, timers, assignment, worker, device, pace)));
    }

    @Override
    void done(Ticket ticket, StageResult result) {
        getContext().getLog().info("{} is trained: {}", ticket, result.figures());
    }
}
