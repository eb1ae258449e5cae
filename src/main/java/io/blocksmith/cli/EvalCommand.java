package io.blocksmith.cli;

import io.blocksmith.data.TokenFile;
import io.blocksmith.data.TokenSource;
import io.blocksmith.data.Windows;
import io.blocksmith.eval.Evaluator;
import io.blocksmith.export.ModelFolders;
import io.blocksmith.export.WeightScan;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.spec.Numerics;
import io.blocksmith.stage.RunModel;
import io.blocksmith.tensor.Compute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Perplexity or raw logits of a model folder, one of our exports, or a run. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures perplexity, or writes logits, of a model folder, an export or a run folder.")
final class EvalCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            required = true,
            description = "Full-precision folder, GPTQ export, or run folder.")
    private Path model;

    @ArgGroup(multiplicity = "1")
    private Input input;

    static final class Input {
        @Option(names = "--text", paramLabel = "FILE", description = "Text: .jsonl, .txt or .ids.")
        private Path text;

        @Option(names = "--ids", paramLabel = "FILE", description = "Token ids, separated by white space.")
        private Path ids;

        Path file() {
            return text == null ? ids : text;
        }
    }

    @Option(
            names = "--logits",
            paramLabel = "FILE",
            description = "With --ids: write the logits of all ids as one sequence, raw little-endian float32 [T, V].")
    private Path logits;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Tokens in a window; default: the model's context, at most 2048.")
    private Integer context;

    @Option(names = "--windows", paramLabel = "N", description = "Windows from the start of the text; default: all.")
    private int windows;

    @Option(
            names = "--subject",
            paramLabel = "POINT",
            converter = SubjectNames.class,
            description = "Of a run folder: full-precision, round-to-nearest, block-ap or end-to-end (default).")
    private Subject subject = Subject.END_TO_END;

    @Option(names = "--device", paramLabel = "NAME", description = "auto (default), cpu, gpu0, ...")
    private String device = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads; default: all cores.")
    private int threads;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where hidden states lie meanwhile, 8 x windows x context x hidden bytes; default:"
                    + " $BLOCKSMITH_SCRATCH, or the system's temporary folder.")
    private Path scratchParent;

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    /** The names that every table prints, in any case and with underscores as well. */
    static final class SubjectNames implements ITypeConverter<Subject> {
        @Override
        public Subject convert(String name) {
            String key = name.strip().toLowerCase(Locale.ROOT).replace('_', '-');
            return Arrays.stream(Subject.values())
                    .filter(subject -> subject.key().equals(key))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("expected one of %s, found %s"
                            .formatted(
                                    Arrays.stream(Subject.values())
                                            .map(Subject::key)
                                            .collect(Collectors.joining(", ")),
                                    name)));
        }
    }

    @Override
    public Integer call() throws IOException {
        if (logits != null && input.ids == null) {
            throw BlocksmithException.user("--logits goes with --ids");
        }
        LocalRun.requireLocalModel(model);
        // Closed last: what is open in it goes before it.
        try (Scratch scratch = Scratch.open(scratchParent);
                Compute compute = Compute.open(device, threads);
                LlamaWeights weights = open(compute);
                TokenFile tokens = tokens(weights, scratch.folder())) {
            if (weights instanceof CheckpointWeights plain) {
                plain.notices().forEach(notice -> System.err.println("note: " + notice));
            }
            Evaluator evaluator = new Evaluator(weights, bfloat16(), scratch.folder(), compute.manager());
            if (logits != null) {
                int length = Math.toIntExact(tokens.length());
                evaluator.logits(Windows.fromStart(tokens, length, 1), logits);
                answer(Map.of(
                        "logits",
                        logits.toString(),
                        "positions",
                        length,
                        "vocabulary",
                        weights.config().vocabulary()));
                return 0;
            }
            int length =
                    context != null ? context : Math.min(2048, weights.config().contextLength());
            requireContext(weights, length);
            Windows chosen = Windows.fromStart(tokens, length, windows);
            scratch.announce(8L * chosen.count() * length * weights.config().hidden());
            answer(measured(evaluator.perplexity(chosen, EvalCommand::show)));
            return 0;
        } catch (BlocksmithException failure) {
            if (failure.category() == Category.NOT_FINITE && !RunModel.isRun(model)) {
                requireFiniteWeights();
            }
            throw failure;
        }
    }

    /** Names the weight that is to blame, if one is. */
    private void requireFiniteWeights() {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            WeightScan.of(
                    checkpoint,
                    checkpoint.names().stream()
                            .filter(name ->
                                    Floats.readable(checkpoint.info(name).type()))
                            .toList());
        }
    }

    private static void requireContext(LlamaWeights weights, int length) {
        if (length < 2 || length > weights.config().contextLength()) {
            throw BlocksmithException.user(
                    "--context %d: expected 2 to %d, the context the model was made for",
                    length, weights.config().contextLength());
        }
    }

    /** A run is measured in the numerics of its recipe, so that its report can be repeated. */
    private boolean bfloat16() {
        return RunModel.isRun(model) && RunModel.recipe(model).numerics() == Numerics.BFLOAT16;
    }

    private LlamaWeights open(Compute compute) {
        return RunModel.isRun(model) ? RunModel.open(model, subject, compute) : ModelFolders.open(model);
    }

    private TokenFile tokens(LlamaWeights weights, Path scratch) {
        Path tokenizer = RunModel.isRun(model) ? RunModel.modelFolder(model) : model;
        Path file = input.file();
        if (input.ids != null && !file.getFileName().toString().endsWith(".ids")) {
            file = copyAsIds(file, scratch);
        }
        TokenSource source = TokenSource.of(file, tokenizer, weights.config().vocabulary());
        return TokenFile.write(scratch.resolve("tokens"), source);
    }

    /** What a text is, is told by its ending. */
    private static Path copyAsIds(Path file, Path scratch) {
        try {
            return Files.copy(file, scratch.resolve(file.getFileName() + ".ids"));
        } catch (IOException e) {
            throw BlocksmithException.user("%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    private static void show(int block, int blocks, int done, int of) {
        if (Terminal.isInteractive()) {
            boolean over = block + 1 == blocks && done == of;
            Terminal.redraw(over ? "" : "block %d/%d  %d/%d windows ".formatted(block + 1, blocks, done, of));
        }
    }

    private static Map<String, Object> measured(Evaluator.Perplexity measured) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("perplexity", measured.perplexity());
        answer.put("loss", measured.loss());
        answer.put("tokens", measured.tokens());
        answer.put("context", measured.context());
        answer.put("windows", measured.windows());
        return answer;
    }

    private void answer(Map<String, Object> answer) {
        if (json) {
            System.out.println(Json.write(answer));
        } else {
            answer.forEach((name, value) -> System.out.printf(Locale.ROOT, "%-12s %s%n", name, value));
        }
    }
}
