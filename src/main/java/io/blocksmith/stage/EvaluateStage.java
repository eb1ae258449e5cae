package io.blocksmith.stage;

import io.blocksmith.data.TokenFile;
import io.blocksmith.data.Windows;
import io.blocksmith.estimate.TokenCost;
import io.blocksmith.eval.Evaluator;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Ticket;
import java.util.List;
import java.util.Map;

/** Perplexity of one of the four models of the report. */
final class EvaluateStage {
    private final RunContext run;

    EvaluateStage(RunContext run) {
        this.run = run;
    }

    AttemptResult run(Ticket ticket, Subject subject, AttemptProgress progress) {
        try (SubjectWeights weights = new SubjectWeights(run, run.state(), subject);
                TokenFile tokens = run.evaluationTokens()) {
            Windows windows = run.evaluationWindows(tokens);
            progress.begin("evaluate");
            TokenCost cost = TokenCost.of(weights.config(), windows.length());
            DevicePass pass = new DevicePass(progress, windows.length(), cost.block());
            Evaluator evaluator = new Evaluator(weights, run.bfloat16(), run.scratch(ticket), run.manager());
            Evaluator.Perplexity measured = evaluator.perplexity(
                    windows, (block, blocks, done, of) -> pass.went((long) block * of + done, (long) blocks * of));
            pass.head((long) windows.count() * windows.length(), cost.head());
            return new AttemptResult(
                    List.of(),
                    Map.of(
                            Figures.PERPLEXITY, measured.perplexity(),
                            Figures.LOSS, measured.loss(),
                            Figures.TOKENS, (double) measured.tokens(),
                            Figures.CONTEXT, (double) measured.context(),
                            Figures.WINDOWS, (double) measured.windows()));
        }
    }
}
