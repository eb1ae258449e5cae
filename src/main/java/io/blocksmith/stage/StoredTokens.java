package io.blocksmith.stage;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.TokenSource;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.VerifiedObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The token stream of one text in the run folder, with a small object beside it that names its length and digest. The text
 * decides it, so whoever finds it damaged makes it again.
 *
 * @param name of the token stream
 * @param text the user's file
 */
record StoredTokens(ObjectStore store, String name, Path text) {
    private static final Logger LOG = LoggerFactory.getLogger(StoredTokens.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private String description() {
        return name + ".json";
    }

    /** What is wrong with the stream; empty when it is as it was written. */
    Optional<String> damage(VerifiedObjects verified) {
        Optional<byte[]> content = store.find(description());
        if (content.isEmpty()) {
            return Optional.of("%s is missing".formatted(store.where(description())));
        }
        try {
            ObjectRef expected = JSON.readValue(content.get(), ObjectRef.class);
            if (!name.equals(expected.name()) || expected.sha256() == null) {
                return Optional.of("%s does not describe it".formatted(store.where(description())));
            }
            return verified.damage(expected).map(damage -> "%s: %s".formatted(store.where(name), damage));
        } catch (IOException malformed) {
            return Optional.of("%s: not valid: %s".formatted(store.where(description()), firstLine(malformed)));
        }
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** Writes the stream from the text, whatever was there. */
    void write(Path model, int vocabulary) {
        Path temporary = store.temporary(name);
        TokenFile.write(temporary, TokenSource.of(text, model, vocabulary)).close();
        ObjectRef written = store.put(name, temporary);
        try {
            store.replace(description(), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(written));
        } catch (IOException e) {
            throw BlocksmithException.defect("%s cannot be described: %s", name, Reason.of(e));
        }
    }

    /**
     * Makes a damaged stream again, when the text is at hand and still the one that the run was submitted with.
     *
     * @param textDigest SHA-256 of the text at submission
     * @param vocabulary tokens that the model knows
     */
    void heal(VerifiedObjects verified, String textDigest, Path model, IntSupplier vocabulary) {
        Optional<String> damage = damage(verified);
        if (damage.isEmpty()) {
            return;
        }
        if (!isSame(textDigest)) {
            throw BlocksmithException.environment(
                    null,
                    "%s; it can be made again only from the text with SHA-256 %s: put that at %s",
                    damage.get(),
                    textDigest,
                    text);
        }
        LOG.warn("{}; made again from {}", damage.get(), text);
        write(model, vocabulary.getAsInt());
        damage(verified).ifPresent(still -> {
            throw BlocksmithException.environment(null, "%s, although it was just written; look at the disk", still);
        });
    }

    private boolean isSame(String textDigest) {
        try {
            return Files.isRegularFile(text) && InputDigests.sha256(text).equals(textDigest);
        } catch (IOException unreadable) {
            LOG.warn("{} cannot be read: {}", text, unreadable.toString());
            return false;
        }
    }

    TokenFile open() {
        return TokenFile.open(store.path(name), text);
    }
}
