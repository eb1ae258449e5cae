package io.blocksmith.data;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.util.function.IntConsumer;

/** One plain text as one document. */
final class PlainTextTokens extends TokenSource {
    private final Path modelFolder;
    private final int vocabulary;

    PlainTextTokens(Path file, Path modelFolder, int vocabulary) {
        super(file);
        this.modelFolder = modelFolder;
        this.vocabulary = vocabulary;
    }

    @Override
    void read(IntConsumer sink) throws IOException {
        try (TextTokenizer tokenizer = TextTokenizer.open(modelFolder, vocabulary);
                Reader text = Utf8Text.open(file())) {
            tokenizer.document(text, sink);
        }
    }
}
