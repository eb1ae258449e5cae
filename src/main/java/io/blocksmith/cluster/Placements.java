package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.blocksmith.run.Segments;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The children of a supervisor that place attempts on workers: one for each segment, one for the whole model. */
final class Placements {
    private final Segments segments;
    private final List<ActorRef<Placement.Command>> ofSegments = new ArrayList<>();
    private final ActorRef<Placement.Command> ofWholeModel;

    Placements(ActorContext<RunSupervisor.Command> context, Segments segments, Duration repeatEvery) {
        this.segments = segments;
        for (Range range : segments.ranges()) {
            ofSegments.add(context.spawn(SegmentSupervisor.create(range, repeatEvery), "segment-" + range.segment()));
        }
        ofWholeModel = context.spawn(EndToEndCoordinator.create(repeatEvery), "whole-model");
    }

    /** Who places attempts at the stage. */
    ActorRef<Placement.Command> of(Stage stage) {
        return switch (stage) {
            case Stage.Capture(int segment, int _) -> ofSegments.get(segment);
            case Stage.TrainBlock(int block) -> ofSegments.get(segmentOf(block));
            case Stage.RepairBlock(int block) -> ofSegments.get(segmentOf(block));
            case Stage.EndToEnd _, Stage.Export _, Stage.Evaluate _, Stage.Report _ -> ofWholeModel;
        };
    }

    private int segmentOf(int block) {
        return segments.of(block).segment();
    }
}
