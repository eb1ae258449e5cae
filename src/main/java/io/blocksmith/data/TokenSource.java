package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.IntConsumer;

/**
 * A file that yields one stream of token ids. The extension says how it is read:
 *
 * <ul>
 *   <li>{@code .jsonl}: one JSON object a line, each {@code text} field a document;
 *   <li>{@code .txt}: one document;
 *   <li>{@code .ids}: token ids as decimal numbers separated by white space, taken as they are.
 * </ul>
 *
 * <p>Around each document come the special tokens that the model's tokenizer adds. Documents without a token add nothing,
 * not even those. Texts are UTF-8; a byte order mark at the start is no part of one.
 */
public abstract sealed class TokenSource permits JsonLinesTokens, PlainTextTokens, TokenIds {
    private final Path file;

    TokenSource(Path file) {
        this.file = file;
    }

    /**
     * The source that fits the extension of {@code file}.
     *
     * @param file the text or the token ids
     * @param modelFolder holds {@code tokenizer.json} and {@code tokenizer_config.json}; not looked at for {@code .ids}
     * @param vocabulary number of token ids the model knows; every id must be below it
     * @throws io.blocksmith.failure.BlocksmithException USER, when there is no such file or no such kind of file
     */
    public static TokenSource of(Path file, Path modelFolder, int vocabulary) {
        if (!Files.isRegularFile(file)) {
            throw noSuchFile(file);
        }
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        if (extension.equals("jsonl")) {
            return new JsonLinesTokens(file, modelFolder, vocabulary);
        } else if (extension.equals("txt")) {
            return new PlainTextTokens(file, modelFolder, vocabulary);
        } else if (extension.equals("ids")) {
            return new TokenIds(file, vocabulary);
        }
        throw BlocksmithException.user(
                "%s: unknown kind of text; expected .jsonl (a text field a line), .txt or .ids (token ids)", file);
    }

    /** The file the tokens come from. */
    public final Path file() {
        return file;
    }

    /**
     * Reads the whole file from its start and hands over every token in order.
     *
     * @throws io.blocksmith.failure.BlocksmithException USER, when the file or the tokenizer is at fault;
     *     ENVIRONMENT, when the machine cannot read it
     */
    public final void forEach(IntConsumer sink) {
        try {
            read(sink);
        } catch (NoSuchFileException e) {
            throw noSuchFile(file);
        } catch (CharacterCodingException e) {
            throw BlocksmithException.user("%s: is not UTF-8 text; convert it to UTF-8", file);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    abstract void read(IntConsumer sink) throws IOException;

    private static BlocksmithException noSuchFile(Path file) {
        return BlocksmithException.user("%s: no such file; expected a .jsonl, .txt or .ids file", file);
    }
}
