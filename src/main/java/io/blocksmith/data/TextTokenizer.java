package io.blocksmith.data;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.ForeignContent;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * The model's own tokenizer, run locally. It neither truncates nor pads. The special tokens that it adds come once a
 * document, see {@link SpecialTokens}.
 *
 * <p>A document of at most {@value #PIECE} UTF-16 units is tokenized whole. A longer one is tokenized in pieces, see
 * {@link TextPieces}, because the tokenizer holds everything about a text in memory. For byte-level tokenizers
 * (GPT-2, Llama 3, Qwen) a cut at a line end changes nothing. A SentencePiece-like tokenizer (Llama 2) may lose a
 * merge across the cut, and its normalizer puts a space before each text it is given, so each piece after the first
 * starts with one spurious space: about one token in a few hundred thousand.
 */
public final class TextTokenizer implements AutoCloseable {
    static final int PIECE = 1 << 20;

    private static final Map<String, String> OPTIONS =
            Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false");

    private final Path file;
    private final HuggingFaceTokenizer tokenizer;
    private final SpecialTokens special;
    private final int vocabulary;

    private TextTokenizer(Path file, HuggingFaceTokenizer tokenizer, SpecialTokens special, int vocabulary) {
        this.file = file;
        this.tokenizer = tokenizer;
        this.special = special;
        this.vocabulary = vocabulary;
    }

    /**
     * Loads {@code tokenizer.json} and what {@code tokenizer_config.json} says of special tokens; nothing is fetched.
     *
     * @param modelFolder a Hugging Face model folder
     * @param vocabulary number of token ids the model knows; every id must be below it
     * @throws io.blocksmith.failure.BlocksmithException USER, when a file is missing or broken
     */
    public static TextTokenizer open(Path modelFolder, int vocabulary) {
        Path file = modelFolder.resolve("tokenizer.json");
        HuggingFaceTokenizer tokenizer = load(file);
        try {
            return new TextTokenizer(file, tokenizer, SpecialTokens.of(modelFolder, tokenizer, vocabulary), vocabulary);
        } catch (RuntimeException refused) {
            tokenizer.close();
            throw refused;
        }
    }

    /**
     * Tokenizes one document: its tokens between the special ones that the tokenizer adds. A document without tokens yields nothing.
     *
     * @param text read to its end; stays the caller's to close
     * @throws io.blocksmith.failure.BlocksmithException USER, when the tokenizer yields an id past the vocabulary
     */
    public void document(Reader text, IntConsumer sink) throws IOException {
        document(text, PIECE, sink);
    }

    void document(Reader text, int pieceLimit, IntConsumer sink) throws IOException {
        TextPieces pieces = new TextPieces(text, pieceLimit);
        boolean started = false;
        for (String piece = pieces.next(); piece != null; piece = pieces.next()) {
            for (long token : tokenizer.encode(piece).getIds()) {
                if (!started) {
                    special.before().forEach(sink::accept);
                    started = true;
                }
                if (token < 0 || token >= vocabulary) {
                    throw BlocksmithException.user(
                            "%s: yields token id %d; the vocabulary is 0 to %d; use this model's own tokenizer",
                            file, token, vocabulary - 1);
                }
                sink.accept((int) token);
            }
        }
        if (started) {
            special.after().forEach(sink::accept);
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private static HuggingFaceTokenizer load(Path file) {
        requireFile(file);
        try {
            ForeignContent.requireNone(file);
            return HuggingFaceTokenizer.newInstance(file, OPTIONS);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        } catch (EngineException | LinkageError e) {
            throw BlocksmithException.environment(
                    e, "%s: the native tokenizer library does not load: %s", file, Reason.of(e));
        } catch (RuntimeException e) {
            // The native library reports a broken file as a plain RuntimeException.
            throw BlocksmithException.user(
                    "%s: is not a Hugging Face tokenizer: %s",
                    file, String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }

    private static void requireFile(Path file) {
        if (!Files.isRegularFile(file)) {
            throw BlocksmithException.user("%s: no such file; the model folder needs it to tokenize a text", file);
        }
    }
}
