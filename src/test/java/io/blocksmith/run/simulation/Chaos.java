package io.blocksmith.run.simulation;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Does harm at random times. Each schedule knows only some kinds of it, so that rare pairs meet undisturbed. */
final class Chaos {
    private enum Harm {
        KILL_WORKER,
        KILL_WORKER_AND_SUPERVISOR,
        LEAVE,
        KILL_SUPERVISOR,
        SECOND_SUPERVISOR,
        PARTITION,
        BAD_NETWORK,
        LATE_COPIES,
        NO_WORKERS,
        WATCH_ENDS,
        STORE,
        LOST_ANSWERS,
        SLOW,
        UNFIT,
        DAMAGE,
        PAUSE,
        CANCEL,
        RETRY,
        DRAIN
    }

    private final World world;
    private final Random random;
    private final List<Harm> kinds = new ArrayList<>();
    private final int mean;
    private final boolean removesTheCut;
    private boolean ceased;

    Chaos(World world) {
        this.world = world;
        this.random = world.random();
        for (Harm harm : Harm.values()) {
            if (random.nextInt(3) == 0) {
                kinds.add(harm);
            }
        }
        mean = 2000 + random.nextInt(20_000);
        removesTheCut = random.nextBoolean();
    }

    /** Whether the cluster removes for good what it cannot reach for some time. */
    boolean removesTheCut() {
        return removesTheCut;
    }

    void begin() {
        if (!kinds.isEmpty()) {
            later();
        }
    }

    void cease() {
        ceased = true;
    }

    private void later() {
        world.time().after(1 + (long) (-Math.log(1 - random.nextDouble()) * mean), () -> {
            if (!ceased) {
                Harm harm = pick(kinds);
                world.trace(() -> "HARM " + harm);
                harm(harm);
                later();
            }
        });
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private void afterwards(int most, Runnable mend) {
        world.time().after(500 + random.nextInt(most), () -> {
            if (!ceased) {
                mend.run();
            }
        });
    }

    private void harm(Harm harm) {
        List<SimulatedWorker> workers = world.liveWorkers();
        List<SimulatedSupervisor> supervisors = world.liveSupervisors();
        switch (harm) {
            case KILL_WORKER ->
                workers.stream().skip(random.nextInt(4)).findFirst().ifPresent(world::kill);
            case KILL_WORKER_AND_SUPERVISOR -> {
                supervisors.forEach(world::kill);
                workers.stream().skip(random.nextInt(4)).findFirst().ifPresent(world::kill);
            }
            case LEAVE -> workers.stream().findFirst().ifPresent(SimulatedWorker::leave);
            case KILL_SUPERVISOR -> supervisors.stream().findFirst().ifPresent(world::kill);
            case SECOND_SUPERVISOR -> world.startSupervisor();
            case PARTITION -> {
                world.workerNames().forEach(name -> world.network().place(name, random.nextInt(2)));
                supervisors.forEach(each -> world.network().place(each.host(), random.nextInt(2)));
                afterwards(40_000, world.network()::heal);
            }
            case BAD_NETWORK -> {
                world.network().bad(true);
                afterwards(60_000, () -> world.network().bad(false));
            }
            case LATE_COPIES -> {
                world.network().late(true);
                afterwards(90_000, () -> world.network().late(false));
            }
            case NO_WORKERS -> workers.forEach(worker -> world.kill(worker, 20_000 + random.nextInt(60_000)));
            case WATCH_ENDS ->
                supervisors.forEach(each -> each.known().stream()
                        .skip(random.nextInt(3))
                        .findFirst()
                        .ifPresent(each::lose));
            case STORE -> {
                world.health().fails(random.nextBoolean() ? Category.STORE_FULL : Category.STORE_UNAVAILABLE);
                afterwards(60_000, world.health()::recovers);
            }
            case LOST_ANSWERS -> {
                world.health().losesAnswers(20);
                afterwards(60_000, world.health()::recovers);
            }
            case SLOW -> {
                if (!workers.isEmpty()) {
                    SimulatedWorker slow = pick(workers);
                    slow.slow(4);
                    afterwards(60_000, () -> slow.slow(1));
                }
            }
            case UNFIT -> {
                if (!workers.isEmpty()) {
                    SimulatedWorker unfit = pick(workers);
                    unfit.unfit(true);
                    afterwards(30_000, () -> unfit.unfit(false));
                }
            }
            case DAMAGE -> {
                RunState truth = world.ledger().truth();
                if (!truth.committed().isEmpty()) {
                    Committed rotten = pick(truth.committed());
                    world.trace(() -> "rot in " + rotten.ticket());
                    world.store().damage(rotten.ticket());
                }
            }
            case PAUSE -> {
                world.ask(new Request.Pause("chaos"));
                afterwards(30_000, () -> world.ask(new Request.Resume("chaos")));
            }
            case CANCEL -> world.ask(new Request.Cancel("chaos"));
            case RETRY -> {
                Stage stage = pick(List.copyOf(world.plan().stages()));
                world.ask(new Request.Retry("chaos", stage));
            }
            case DRAIN -> {
                String name = pick(world.workerNames());
                world.ask(new Request.Drain("chaos", name));
                afterwards(40_000, () -> world.ask(new Request.Undrain("chaos", name)));
            }
        }
    }
}
