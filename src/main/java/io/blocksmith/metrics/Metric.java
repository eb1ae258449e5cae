package io.blocksmith.metrics;

import java.util.List;
import java.util.Locale;

/**
 * Every metric of Blocksmith: its name, its kind, its labels and what it says. Units are base units. Names are in people's
 * dashboards and alerts, so they never change.
 *
 * <p>Labels have few values: {@code run} and {@code node} are names that people gave, {@code stage} is a kind of stage
 * ({@code capture}, {@code train-block}, {@code repair-block}, {@code end-to-end}, {@code export}, {@code evaluate},
 * {@code report}), {@code reason} a category of failure. A block's index is a value; it is a label in one family only, which
 * has two series for each block.
 */
public enum Metric {
    // Of a run, by the process that supervises it; gone from a process that supervises it no more.
    RUN_INFO(
            Kind.GAUGE,
            "1, with what kind of run it is and who supervises it",
            "run",
            "bits",
            "group_size",
            "segments",
            "holder"),
    RUN_STATE(
            Kind.GAUGE,
            "1 for the state that the run is in, 0 for the others: submitted, running, paused, stopped, completed",
            "run",
            "state"),
    RUN_REST_INFO(Kind.GAUGE, "1 while the run rests, with the cause: requested, store, failure", "run", "reason"),
    RUN_TROUBLE(
            Kind.GAUGE, "1 while something keeps the supervisor from going on, e.g. a store that takes nothing", "run"),
    RUN_SUPERVISOR_EPOCH(Kind.GAUGE, "how often the run was taken over, the first time included", "run"),
    RUN_BLOCKS(Kind.GAUGE, "decoder blocks of the model", "run"),
    RUN_BLOCKS_DONE(Kind.GAUGE, "blocks whose training has committed", "run"),
    RUN_STAGES(Kind.GAUGE, "stages of the run", "run"),
    RUN_STAGES_DONE(Kind.GAUGE, "stages that have committed", "run"),
    RUN_PROGRESS_RATIO(Kind.GAUGE, "share of the work that is done, 0 to 1", "run"),
    RUN_ETA_SECONDS(Kind.GAUGE, "time left at the pace of the present supervisor", "run"),
    RUN_LAST_PROGRESS_TIMESTAMP_SECONDS(
            Kind.GAUGE, "when an attempt last came further or a stage last committed", "run"),
    RUN_WORKERS(
            Kind.GAUGE,
            "workers by what they do: busy, assisting, idle, drained, quarantined, unreachable",
            "run",
            "state"),
    RUN_STRAGGLERS(Kind.GAUGE, "attempts much slower than their peers", "run"),
    BLOCK_VALIDATION_LOSS(
            Kind.GAUGE,
            "validation loss of a finished block: start is round-to-nearest, final is trained",
            "run",
            "block",
            "kind"),
    PERPLEXITY(Kind.GAUGE, "perplexity of an evaluated model", "run", "subject"),
    ATTEMPTS_TOTAL(Kind.COUNTER, "attempts started, over the run's life", "run", "stage"),
    RESTARTS_TOTAL(
            Kind.COUNTER,
            "attempts that had to follow another of the same stage, by why that one ended",
            "run",
            "reason"),
    FAILURES_TOTAL(Kind.COUNTER, "attempts that failed, over the run's life", "run", "stage", "reason"),
    LOST_STEPS_TOTAL(
            Kind.COUNTER,
            "training steps done and lost, because their attempt ended before they were saved",
            "run",
            "reason"),
    DAMAGED_RESULTS_TOTAL(Kind.COUNTER, "committed results that were found torn or rotten and are made again", "run"),
    RECOVERY_SECONDS(
            Kind.HISTOGRAM,
            "from the end of an attempt to the first step or commit of the stage after it",
            "run",
            "reason"),
    GOODPUT_SECONDS_TOTAL(
            Kind.COUNTER,
            "time of workers spent on work that was not done before; of helpers in E2E-QP all, their waiting included",
            "run"),
    BADPUT_SECONDS_TOTAL(
            Kind.COUNTER,
            "time of workers that brought the run no further: starting, repeated, data-wait, idle, paused, unreachable",
            "run",
            "reason"),
    STALE_MESSAGES_TOTAL(Kind.COUNTER, "reports of attempts that are not under way any more; harmless", "run"),
    FENCED_TOTAL(Kind.COUNTER, "times that this process lost the run to a supervisor of a later epoch", "run"),
    STORE_BYTES(Kind.GAUGE, "size of the run's objects", "run"),
    STORE_FREE_BYTES(Kind.GAUGE, "room left where the run's objects are; absent where the store cannot tell", "run"),
    NOTIFICATIONS_TOTAL(Kind.COUNTER, "webhook calls by result: delivered, failed", "run", "result"),

    // Of the attempt that a worker runs, by the worker's process.
    ATTEMPT_BLOCK(Kind.GAUGE, "index of the block that is worked on", "run", "node", "stage"),
    ATTEMPT_EPOCH(Kind.GAUGE, "pass over the training windows, from 1", "run", "node", "stage"),
    ATTEMPT_EPOCHS(Kind.GAUGE, "passes over the training windows in all", "run", "node", "stage"),
    ATTEMPT_STEP(Kind.GAUGE, "optimizer step, or sample where nothing is trained", "run", "node", "stage"),
    ATTEMPT_STEPS(Kind.GAUGE, "steps, or samples, of the present part of the attempt", "run", "node", "stage"),
    TRAIN_LOSS(Kind.GAUGE, "loss of the latest training step", "run", "node", "stage"),
    VALIDATION_LOSS(Kind.GAUGE, "latest validation loss", "run", "node", "stage"),
    REFERENCE_LOSS(
            Kind.GAUGE,
            "validation loss of the state that training began from: round-to-nearest, for a block",
            "run",
            "node",
            "stage"),
    GRADIENT_NORM(Kind.GAUGE, "global norm of the latest step's gradient, before clipping", "run", "node", "stage"),
    LEARNING_RATE(
            Kind.GAUGE,
            "learning rate of the latest step: weights, step-sizes, zero-points",
            "run",
            "node",
            "stage",
            "parameter"),
    NON_FINITE_TOTAL(Kind.COUNTER, "losses or gradients that were not finite", "run", "node", "stage"),
    STEPS_TOTAL(Kind.COUNTER, "training steps done", "run", "node", "stage"),
    STEP_SECONDS(Kind.HISTOGRAM, "duration of a training step", "run", "node", "stage"),
    PHASE_SECONDS_TOTAL(
            Kind.COUNTER,
            "time in each phase of an attempt, e.g. targets, train, propagate, seal",
            "run",
            "node",
            "stage",
            "phase"),
    DATA_WAIT_SECONDS_TOTAL(Kind.COUNTER, "time that the device waited for data", "run", "node", "stage"),
    COMPUTE_SECONDS_TOTAL(Kind.COUNTER, "time that the device did not wait for data", "run", "node", "stage"),
    TOKENS_TOTAL(Kind.COUNTER, "tokens that passed the device", "run", "node", "stage"),
    FLOPS_TOTAL(
            Kind.COUNTER,
            "floating-point operations of matrix products and attention, by the model's shapes",
            "run",
            "node",
            "stage"),
    DEVICE_PEAK_FLOPS(
            Kind.GAUGE,
            "float32 matrix-product rate of the device, measured when the process started, operations a second",
            "node"),
    DEVICE_PEAK_RATIO(
            Kind.GAUGE,
            "rate of the latest steps as a share of the device's float32 matrix-product rate; above 1 where bfloat16"
                    + " is faster",
            "run",
            "node",
            "stage"),
    CHECKPOINT_SECONDS(
            Kind.HISTOGRAM, "duration of a save, from the copy to the last byte in the store", "run", "node", "stage"),
    CHECKPOINT_BYTES_TOTAL(Kind.COUNTER, "bytes of checkpoints saved", "run", "node", "stage"),
    CHECKPOINT_FAILURES_TOTAL(Kind.COUNTER, "saves that failed", "run", "node", "reason"),
    CHECKPOINT_LAST_SUCCESS_TIMESTAMP_SECONDS(
            Kind.GAUGE, "when training under way was last saved, or began; absent while nothing trains", "run", "node"),
    CHECKPOINT_INTERVAL_SECONDS(Kind.GAUGE, "time between two saves that the process was asked for", "node"),

    // Of every process.
    BUILD_INFO(
            Kind.GAUGE,
            "1, with the version and what the process is: coordinator, worker, embedded",
            "version",
            "role",
            "node"),
    CLUSTER_MEMBERS(Kind.GAUGE, "members of the cluster as this node sees it, by role and status", "role", "status"),
    CLUSTER_UNREACHABLE_MEMBERS(Kind.GAUGE, "members that this node believes out of reach");

    private static final String PREFIX = "blocksmith_";

    /** How a metric behaves; see Prometheus' own definitions. */
    public enum Kind {
        GAUGE,
        /** Its name ends in {@code _total}. */
        COUNTER,
        /** Its series are {@code _bucket}, {@code _sum} and {@code _count}. */
        HISTOGRAM
    }

    private final Kind kind;
    private final String help;

    /** Unmodifiable, which the type does not say. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final List<String> labels;

    Metric(Kind kind, String help, String... labels) {
        this.kind = kind;
        this.help = help;
        this.labels = List.of(labels);
    }

    /** The name that Prometheus knows. */
    public String key() {
        return PREFIX + name().toLowerCase(Locale.ROOT);
    }

    public Kind kind() {
        return kind;
    }

    /** What it says, for people. */
    public String help() {
        return help;
    }

    /** Names of the labels, in the order in which values are given. */
    public List<String> labels() {
        return labels;
    }
}
