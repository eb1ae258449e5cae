package io.blocksmith.stage;

/** Names of the figures in {@link io.blocksmith.run.StageResult}; they are in every ledger, so they never change. */
public final class Figures {
    public static final String SECONDS = "seconds";
    /** Highest resident memory of the process during the stage. */
    public static final String PEAK_BYTES = "peak-bytes";

    /** Validation loss of the state that training began from. */
    public static final String START_LOSS = "start-loss";
    /** Validation loss of the state that was kept. */
    public static final String FINAL_LOSS = "final-loss";
    /** Mean training loss of the last epoch. */
    public static final String TRAIN_LOSS = "train-loss";

    /** How many times the start loss the final one is, where training made a block worse. */
    public static final String WORSENED = "worsened";

    /** Gradient shards of E2E-QP that workers other than the one that ran the attempt computed. */
    public static final String HELPED_SHARDS = "helped-shards";
    /** Workers that computed such shards. */
    public static final String HELPERS = "helpers";

    public static final String PERPLEXITY = "perplexity";
    public static final String LOSS = "loss";
    public static final String TOKENS = "tokens";
    public static final String CONTEXT = "context";
    public static final String WINDOWS = "windows";

    /** Bytes of an exported folder. */
    public static final String BYTES = "bytes";

    private Figures() {}
}
