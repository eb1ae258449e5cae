package io.blocksmith.chaos;

import io.blocksmith.run.Ticket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The training steps of all workers, one line each in a file of each process: {@code RUN STAGE ATTEMPT STEP SECONDS}. A
 * line that was written outlives its process.
 */
public final class StepLog {
    private static final String ENDING = ".steps";

    private final Path file;

    /** The log of this process. */
    public StepLog(Path folder) {
        this.file = folder.resolve(ProcessHandle.current().pid() + ENDING);
    }

    /** One step. */
    public record Step(String run, String stage, int attempt, long step, double seconds) {
        /** Which step of the recipe it is, whoever took it. */
        String identity() {
            return "%s/%s/%d".formatted(run, stage, step);
        }
    }

    void stepped(Ticket ticket, long step, double seconds) {
        String line =
                "%s %s %d %d %.6f%n".formatted(ticket.run(), ticket.stage().key(), ticket.attempt(), step, seconds);
        try {
            Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The steps of all processes so far, in no order. */
    static List<Step> read(Path folder) {
        List<Step> steps = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(ENDING)).toList()) {
                for (String line : Files.readAllLines(file)) {
                    String[] words = line.split(" ", -1);
                    if (words.length == 5) {
                        steps.add(new Step(
                                words[0],
                                words[1],
                                Integer.parseInt(words[2]),
                                Long.parseLong(words[3]),
                                Double.parseDouble(words[4])));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return steps;
    }
}
