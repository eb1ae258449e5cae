package io.blocksmith.cli;

import io.blocksmith.demo.BytePairTokenizer;
import io.blocksmith.demo.BytePairTrainer;
import io.blocksmith.demo.Corpus;
import io.blocksmith.demo.DemoFiles;
import io.blocksmith.demo.DemoModel;
import io.blocksmith.demo.ModelFolder;
import io.blocksmith.demo.Pretrainer;
import io.blocksmith.demo.Sampler;
import io.blocksmith.demo.TextLines;
import io.blocksmith.demo.TrainedModel;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.tensor.Compute;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes the model and the texts that the demo is bundled with; users never need it. */
@Command(
        name = "make-demo-model",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = "Trains the bundled demo model from stories, and samples its texts from it.")
public final class MakeDemoModelCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--text",
            required = true,
            paramLabel = "FILE",
            description = "Stories, {\"text\": ...} a line; repeatable. The last 64 of all are held out.")
    private List<Path> texts;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Gets model/ and the two texts.")
    private Path out;

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps (default: ${DEFAULT-VALUE}).")
    private long steps = DemoModel.STEPS;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--threads", paramLabel = "N", description = "Computing threads (default: ${DEFAULT-VALUE}).")
    private int threads = 2;

    @Option(names = "--keep-model", description = "Only samples the texts anew, from the model in --out.")
    private boolean keepModel;

    @Override
    public Integer call() {
        try (Compute compute = Compute.open("cpu", threads)) {
            if (!keepModel) {
                train(compute);
            }
            sample(compute);
        }
        return 0;
    }

    private void train(Compute compute) {
        List<String> stories = new ArrayList<>();
        texts.forEach(file -> stories.addAll(TextLines.read(file)));
        int trained = stories.size() - DemoModel.HELD_OUT;
        if (trained < 1) {
            throw BlocksmithException.user(
                    "--text: %d stories; expected more than the %d that are held out",
                    stories.size(), DemoModel.HELD_OUT);
        }
        BytePairTokenizer tokenizer = BytePairTrainer.learn(stories.subList(0, trained), DemoModel.VOCABULARY);
        Corpus training = Corpus.of(stories.subList(0, trained), tokenizer);
        Corpus validation = Corpus.of(stories.subList(trained, stories.size()), tokenizer);
        LlamaConfig config = DemoModel.config(tokenizer.size());
        say(
                "vocabulary %d, %d training tokens, %d validation tokens, %d parameters",
                tokenizer.size(), training.tokens(), validation.tokens(), config.parameters());
        Pretrainer trainer = new Pretrainer(config, DemoModel.training(steps, seed), compute.manager());
        TrainedModel model = trainer.train(
                training,
                validation,
                look -> say(
                        "step %d  train loss %.4f  validation loss %.4f",
                        look.step(), look.trainLoss(), look.validationLoss()));
        say(
                "kept step %d, in BF16: validation loss %.4f, perplexity %.3f",
                model.step(), model.validationLoss(), Math.exp(model.validationLoss()));
        ModelFolder.write(out.resolve(DemoFiles.MODEL), model, tokenizer);
    }

    private void sample(Compute compute) {
        Set<String> seen = new HashSet<>();
        try (Sampler sampler = Sampler.open(out.resolve(DemoFiles.MODEL), compute.manager())) {
            // Other seeds than the training's; a story drawn twice is written once.
            write(sampler, seed + 1, DemoModel.CALIBRATION_TOKENS, DemoFiles.CALIBRATION, seen);
            write(sampler, seed + 2, DemoModel.EVALUATION_TOKENS, DemoFiles.EVALUATION, seen);
        }
    }

    private void write(Sampler sampler, long from, int tokens, String name, Set<String> seen) {
        List<String> stories = sampler.texts(DemoModel.choice(), from, tokens).stream()
                .filter(seen::add)
                .toList();
        TextLines.write(out.resolve(name), stories);
        say("%s: %d stories of at least %d tokens together", out.resolve(name), stories.size(), tokens);
    }

    private void say(String format, Object... arguments) {
        PrintWriter terminal = spec.commandLine().getOut();
        terminal.println(String.format(Locale.ROOT, format, arguments));
        terminal.flush();
    }
}
