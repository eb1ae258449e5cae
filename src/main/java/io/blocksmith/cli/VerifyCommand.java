package io.blocksmith.cli;

import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunVerification;
import io.blocksmith.store.RunVerification.Severity;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares a run with its own records. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Reads a whole run that rests, and compares every object with the digest that its ledger has of it.",
            "Repairs nothing: what is damaged, the run itself makes again when it goes on. Exits with 1 when it is."
        })
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private RunOptions run = new RunOptions();

    @Option(names = "--quiet", description = "Print what is wrong, and nothing else.")
    private boolean quiet;

    @Override
    public Integer call() {
        try (ObjectStore store = run.look()) {
            RunVerification.Result result = RunVerification.verify(store, this::read);
            result.findings().stream()
                    .filter(finding -> !quiet || finding.severity() == Severity.FAULT)
                    .forEach(finding -> System.out.println(finding));
            System.out.printf(
                    "%s: %s: %d ledger records, %d objects, %s read%n",
                    run.where(),
                    result.sound() ? "sound" : "DAMAGED",
                    result.records(),
                    result.objects(),
                    Text.bytes((double) result.bytes()));
            return result.sound() ? 0 : Main.FAILED;
        }
    }

    private void read(String object, long bytes, long ofBytes) {
        if (!quiet) {
            System.err.printf(
                    "%5.1f%%  %s%n", ofBytes == 0 ? 100.0 : 100.0 * (double) bytes / (double) ofBytes, object);
        }
    }
}
