package io.blocksmith.files;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What people have in place of a file of a model: told by its first bytes, with what to do. */
public final class ForeignContent {
    private static final int BYTES = 64;
    private static final String LFS = "version https://git-lfs";
    private static final String OF_LFS =
            "is a pointer of Git LFS, not the file itself: the folder was cloned without it; run `git lfs pull` there";

    private ForeignContent() {}

    /** Refuses {@code file}, a text, when it is a pointer of Git LFS in place of one. */
    public static void requireText(Path file) throws IOException {
        if (text(start(file)).startsWith(LFS)) {
            throw BlocksmithException.user("%s: %s", file, OF_LFS);
        }
    }

    private static byte[] start(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(BYTES);
        }
    }

    private static String text(byte[] start) {
        return new String(start, StandardCharsets.ISO_8859_1).strip().toLowerCase(Locale.ROOT);
    }

    /** Refuses {@code file} when its first bytes are those of something else than a model's own file. */
    public static void requireNone(Path file) throws IOException {
        byte[] start = start(file);
        if (start.length > 8 && start[8] == '{') {
            // Behind the length of a safetensors header, which may begin with any byte.
            return;
        }
        String text = text(start);
        String reason;
        if (start.length == 0) {
            reason = "is empty; copy or download it again";
        } else if (text.startsWith(LFS)) {
            reason = OF_LFS;
        } else if (text.startsWith("<!doctype") || text.startsWith("<html") || text.startsWith("<?xml")) {
            reason = "is a page of HTML or XML, not the file itself: a download that was refused; download it again";
        } else if (text.startsWith("pk\u0003\u0004")
                || (start.length > 1 && start[0] == (byte) 0x80 && start[1] <= 5)) {
            reason = "is a pickle of PyTorch under another name, which is refused because loading one can run code;"
                    + " convert it to safetensors first (save_pretrained(..., safe_serialization=True))";
        } else if (text.startsWith("gguf")) {
            reason = "is a GGUF file under another name; a folder with safetensors is expected";
        } else {
            return;
        }
        throw BlocksmithException.user("%s: %s", file, reason);
    }
}
