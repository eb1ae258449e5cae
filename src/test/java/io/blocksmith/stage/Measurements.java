package io.blocksmith.stage;

import io.blocksmith.run.Measurement;
import io.blocksmith.run.Measurement.Work;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** Remembers all that attempts measure, in order. */
final class Measurements implements StageMeter {
    private final List<Measurement> all = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void measured(Ticket ticket, Measurement measurement) {
        all.add(measurement);
    }

    List<Measurement> all() {
        synchronized (all) {
            return List.copyOf(all);
        }
    }

    <M extends Measurement> List<M> of(Class<M> kind) {
        return all().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    List<Measurement.Stepped> steps() {
        return of(Measurement.Stepped.class);
    }

    /** Seconds of a phase. */
    double seconds(String phase) {
        return of(Measurement.TimeSpent.class).stream()
                .filter(spent -> spent.phase().equals(phase))
                .mapToDouble(Measurement.TimeSpent::seconds)
                .sum();
    }

    /** Tokens that passed the device, in training and without. */
    long tokens() {
        return work().mapToLong(Work::tokens).sum();
    }

    double flops() {
        return work().mapToDouble(Work::flops).sum();
    }

    private Stream<Work> work() {
        return all().stream().map(measurement -> switch (measurement) {
            case Measurement.Stepped stepped -> stepped.work();
            case Measurement.Passed passed -> passed.work();
            case Measurement.Validated validated -> validated.work();
            case Measurement.Began _,
                    Measurement.PhaseBegan _,
                    Measurement.TimeSpent _,
                    Measurement.Reference _,
                    Measurement.SavingBegan _,
                    Measurement.Saved _,
                    Measurement.SaveFailed _,
                    Measurement.SavingEnded _,
                    Measurement.FoundNotFinite _,
                    Measurement.Ended _ -> Work.NONE;
        });
    }
}
