package io.blocksmith.cluster;

import io.blocksmith.cluster.wire.WireSchema;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.ExportFormat;

/**
 * Every record and enum that travels between nodes: messages, marked by {@link io.blocksmith.cluster.wire.Wire}, and
 * what is in them. A new one goes to the end with the next number. The number of one that is gone is never given out
 * again: delete the line and leave the gap.
 *
 * <p>Any change here, or in the components of one of these types, changes the schema's manifest: nodes of the old and
 * the new version then refuse each other's messages.
 */
final class WireTypes {
    static final WireSchema SCHEMA = WireSchema.empty()
            .with(100, Ticket.class)
            .with(101, Adjustment.class)
            .with(102, Assignment.class)
            .with(103, Progress.class)
            .with(104, ObjectRef.class)
            .with(105, StageResult.class)
            .with(106, Category.class)
            .with(107, ExportFormat.class)
            .with(110, Stage.Capture.class)
            .with(111, Stage.TrainBlock.class)
            .with(112, Stage.RepairBlock.class)
            .with(113, Stage.EndToEnd.class)
            .with(114, Stage.Export.class)
            .with(115, Stage.Evaluate.class)
            .with(116, Stage.Report.class)
            .with(117, Stage.Subject.class)
            .with(120, Outcome.Done.class)
            .with(121, Outcome.Failed.class)
            .with(122, Outcome.Cancelled.class)
            .with(123, Outcome.FoundDamage.class)
            .with(124, Evidence.class)
            .with(125, Fleet.Registration.class)
            .with(130, WorkerNode.Hello.class)
            .with(131, WorkerNode.Start.class)
            .with(132, WorkerNode.Cancel.class)
            .with(133, WorkerNode.Acknowledged.class)
            .with(134, WorkerNode.Assist.class)
            .with(135, WorkerNode.EndAssist.class)
            .with(136, WorkerNode.ComeAnew.class)
            .with(140, RunSupervisor.WorkerJoined.class)
            .with(141, RunSupervisor.AttemptProgressed.class)
            .with(142, RunSupervisor.AttemptEnded.class)
            .with(143, RunSupervisor.AssistEnded.class)
            .with(144, RunSupervisor.WorkerLeaves.class)
            .with(150, Placement.Started.class);

    private WireTypes() {}
}
