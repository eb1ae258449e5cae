package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.DamagedResultException;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Entry point of the launcher. */
@Command(
        name = "blocksmith",
        description =
                "Quantizes large language models to 2, 3, 4 or 8 bits by EfficientQAT, and does not lose the run.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        subcommands = {
            QuantizeCommand.class,
            EvalCommand.class,
            CoordinatorCommand.class,
            WorkerCommand.class,
            SubmitCommand.class,
            StatusCommand.class,
            WatchCommand.class,
            PauseCommand.class,
            ResumeCommand.class,
            CancelCommand.class,
            RetryCommand.class,
            DrainCommand.class,
            UndrainCommand.class,
            VerifyCommand.class,
            InspectCommand.class,
            SimulateCommand.class,
            DemoCommand.class,
            BenchCommand.class,
            MakeDemoModelCommand.class
        })
public final class Main implements Runnable {
    static final int FAILED = 1;
    static final int WRONG_INPUT = 2;
    /** What batch systems take for "do not requeue": the same command would end the same way. */
    static final int DO_NOT_REQUEUE = 93;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"blocksmith " + Objects.requireNonNullElse(version, "development")};
        }
    }

    public static void main(String[] arguments) {
        Terminal.guard();
        System.exit(execute(arguments));
    }

    /** Runs one command line and gives its exit code. */
    static int execute(String... arguments) {
        return execute(new Main(), arguments);
    }

    /** The same for tests that make a command themselves. */
    static int execute(Object command, String... arguments) {
        // Figures are read by scripts too.
        Locale.setDefault(Locale.ROOT);
        Optional<String> unknown = UnknownCommand.in(new CommandLine(command), arguments);
        if (unknown.isPresent()) {
            System.err.println("blocksmith: " + unknown.get());
            return WRONG_INPUT;
        }
        return new CommandLine(command)
                .setExecutionExceptionHandler((failure, line, parsed) -> report(failure))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments);
    }

    /** One clear line for what a user can mend, the whole trace for what only we can. */
    private static int report(Exception failure) {
        if (failure instanceof StoppedForGood) {
            System.err.println("blocksmith: " + failure.getMessage());
            return DO_NOT_REQUEUE;
        }
        if (failure instanceof BlocksmithException known && known.category() != Category.DEFECT) {
            System.err.println("blocksmith: " + known.getMessage());
            return known.category() == Category.USER ? WRONG_INPUT : FAILED;
        }
        if (failure instanceof DamagedResultException damaged) {
            System.err.printf(
                    "blocksmith: %s; going on with the run makes %s again%n",
                    damaged.getMessage(), damaged.source().key());
            return FAILED;
        }
        System.err.println("blocksmith: this is a defect of Blocksmith, please report it with the lines below");
        failure.printStackTrace(System.err);
        return FAILED;
    }
}
