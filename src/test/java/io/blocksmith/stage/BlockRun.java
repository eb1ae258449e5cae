package io.blocksmith.stage;

import io.blocksmith.chaos.Waits;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * Attempts at the first block of a tiny model, 24 steps in 2 epochs, under a clock that a training step moves by one
 * second.
 */
final class BlockRun {
    static final int STEPS = 24;
    private static final String NAME = "tiny";
    private static final Stage BLOCK = new Stage.TrainBlock(0);

    private final DirectoryStore directory;
    private final ObjectStore store;
    private final RunInputs inputs;
    private final Recipe recipe;
    private final AtomicLong nanoTime = new AtomicLong();
    private volatile long freeBytes = Long.MAX_VALUE;

    /** What an attempt came to: a result, or a failure; and all that it told and measured. */
    record Attempt(
            Optional<StageResult> result,
            Optional<RuntimeException> failure,
            List<Progress> told,
            Measurements measured) {
        /** Digests of what it wrote, by names without the attempt. */
        Map<String, String> digests() {
            Map<String, String> digests = new HashMap<>();
            for (ObjectRef object : result.orElseThrow(() -> new AssertionError(failure.orElseThrow()))
                    .objects()) {
                digests.put(object.name().replaceAll("attempt-[0-9]+", "attempt"), object.sha256());
            }
            return digests;
        }

        /** What it told after each step. */
        List<Progress> trained() {
            List<Progress> trained = new ArrayList<>();
            for (Progress progress : told) {
                // Signs of life come between the steps.
                if (progress.phase().equals("train")
                        && progress.step()
                                > (trained.isEmpty() ? 0 : trained.getLast().step())) {
                    trained.add(progress);
                }
            }
            return trained;
        }

        double figure(String name) {
            return result.orElseThrow().figures().getOrDefault(name, Double.NaN);
        }
    }

    BlockRun(Path folder, String... assignments) {
        LlamaConfig config = TinyModel.everyOption(2);
        Path model = TinyModel.write(folder.resolve("model"), config, TensorType.F32, 11);
        Path text = folder.resolve("text.ids");
        String ids = new Random(5)
                .ints(4000, 0, config.vocabulary())
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(" "));
        try {
            Files.writeString(text, ids);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> all = new ArrayList<>(List.of(
                "quantization.group-size=32",
                "calibration.sequence-length=16",
                "calibration.train-samples=24",
                "calibration.validation-samples=8",
                "block-ap.learning-rates.weights=1e-3",
                "block-ap.learning-rates.step-sizes=1e-3",
                "block-ap.learning-rates.zero-points=1e-3",
                "end-to-end.samples=8",
                "end-to-end.validation-samples=8",
                "end-to-end.sequence-length=16",
                "evaluation.context=16"));
        all.addAll(List.of(assignments));
        recipe = SettingsLoader.load(Optional.empty(), all, Map.of()).recipe();
        inputs = new RunInputs(model.toString(), text.toString(), "");
        directory = DirectoryStore.openForWriting(folder.resolve("run"), "test");
        store = withClaimedRoom();
        capture();
    }

    private ObjectStore withClaimedRoom() {
        ClassLoader loader = ObjectStore.class.getClassLoader();
        return (ObjectStore) Proxy.newProxyInstance(loader, new Class<?>[] {ObjectStore.class}, (_, method, given) -> {
            if (method.getName().equals("freeBytes")) {
                return freeBytes;
            }
            try {
                return method.invoke(directory, given);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    /** Block 0 needs the hidden states of the embeddings, committed. */
    private void capture() {
        Ledger ledger = new Ledger(store);
        RunContext context = context(Duration.ofHours(1));
        Instant now = Instant.EPOCH;
        Ticket ticket = new Ticket(NAME, new Stage.Capture(0, 0), 1, 1);
        ledger.append(new Event.RunSubmitted(now, NAME, "digest", 2));
        ledger.append(new Event.SupervisorStarted(now, 1, "test"));
        ledger.append(new Event.StageStarted(now, ticket, "worker", "test", Adjustment.NONE));
        StageResult result = pipeline(context, new Measurements())
                .run(new Assignment(ticket, Adjustment.NONE), monitor(0, new ArrayList<>()));
        ledger.append(new Event.StageCommitted(now, ticket, result));
    }

    private RunContext context(Duration interval) {
        return Submission.check(inputs, recipe).into(store, TestCompute.cpu(), interval);
    }

    private Pipeline pipeline(RunContext context, Measurements measured) {
        return new Pipeline(context, measured, nanoTime::get, InstantSource.system());
    }

    /** Room that the store claims to have. */
    void freeBytes(long bytes) {
        freeBytes = bytes;
    }

    Path object(String name) {
        return directory.path(name);
    }

    /** Names of all checkpoint objects. */
    List<String> checkpoints() {
        return directory.list("blocks/").stream()
                .filter(name -> name.contains("/checkpoint-"))
                .toList();
    }

    /** Nothing is in the making, and no state waits for what makes a checkpoint of it. */
    private boolean isAtRest() {
        List<String> names = checkpoints();
        return names.stream()
                        .filter(name -> name.endsWith("/state.safetensors"))
                        .allMatch(name -> names.contains(name.replace("state.safetensors", "checkpoint.json")))
                && directory.unfinished().stream().noneMatch(name -> name.startsWith(".tmp/"));
    }

    Attempt attempt(int number, Duration interval, int cancelAfter) {
        return attempt(number, Adjustment.NONE, interval, cancelAfter);
    }

    /** Runs an attempt to its end; {@code cancelAfter} two or more steps, or 0 for never. */
    Attempt attempt(int number, Adjustment adjustment, Duration interval, int cancelAfter) {
        List<Progress> told = new ArrayList<>();
        Measurements measured = new Measurements();
        Ticket ticket = new Ticket(NAME, BLOCK, number, 1);
        try {
            StageResult result = pipeline(context(interval), measured)
                    .run(new Assignment(ticket, adjustment), monitor(cancelAfter, told));
            return new Attempt(Optional.of(result), Optional.empty(), told, measured);
        } catch (CancellationException | BlocksmithException e) {
            return new Attempt(Optional.empty(), Optional.of(e), told, measured);
        }
    }

    private Monitor monitor(int cancelAfter, List<Progress> told) {
        return new Monitor() {
            private boolean cancelled;

            @Override
            public void progressed(Progress progress) {
                // Signs of life come between the steps.
                boolean stepped = told.isEmpty() || !told.getLast().isSameStep(progress);
                told.add(progress);
                if (stepped && progress.phase().equals("train") && progress.step() > 0) {
                    // A disk may be slow; by this clock a save takes no longer than a step.
                    Waits.until("the save under way to end", () -> isAtRest());
                    nanoTime.addAndGet(Duration.ofSeconds(1).toNanos());
                    // Heard at the end of the next step.
                    cancelled |= progress.step() == cancelAfter - 1;
                }
            }

            @Override
            public boolean cancelled() {
                return cancelled;
            }
        };
    }
}
