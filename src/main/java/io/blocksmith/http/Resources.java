package io.blocksmith.http;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** Files beside the classes of this package. */
final class Resources {
    private Resources() {}

    static byte[] bytes(String name) {
        return find(name).orElseThrow(() -> BlocksmithException.defect("%s is not on the class path", name));
    }

    static Optional<byte[]> find(String name) {
        try (InputStream stream = Resources.class.getResourceAsStream(name)) {
            return stream == null ? Optional.empty() : Optional.of(stream.readAllBytes());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s on the class path cannot be read", name);
        }
    }
}
