package io.blocksmith.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * A first word that is no command. picocli answers {@code --help} behind it with the general help, as if it had not been
 * said.
 */
final class UnknownCommand {
    private UnknownCommand() {}

    /** What is wrong with the first word of {@code arguments}, and with the one after a command of commands. */
    static Optional<String> in(CommandLine line, String... arguments) {
        CommandLine at = line;
        for (String word : arguments) {
            if (word.startsWith("-") || at.getSubcommands().isEmpty()) {
                return Optional.empty();
            }
            CommandLine next = at.getSubcommands().get(word);
            if (next == null) {
                String nearest = new UnmatchedArgumentException(at, List.of(word))
                        .getSuggestions().stream()
                                .findFirst()
                                .map(" Did you mean %s?"::formatted)
                                .orElse("");
                return Optional.of("there is no command %s.%s See %s --help"
                        .formatted(word, nearest, at.getCommandSpec().qualifiedName()));
            }
            at = next;
        }
        return Optional.empty();
    }
}
