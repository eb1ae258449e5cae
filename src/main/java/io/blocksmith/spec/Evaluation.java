package io.blocksmith.spec;

/**
 * What the perplexity table of a run is measured on.
 *
 * @param context tokens in a window; figures of different contexts do not compare
 * @param windows windows evaluated from the start of the text; 0 = all
 */
public record Evaluation(int context, int windows) {
    public Evaluation {
        Require.that(context >= 2, "evaluation.context", context, "at least 2 tokens");
        Require.that(windows >= 0, "evaluation.windows", windows, "0 (all) or more");
    }
}
