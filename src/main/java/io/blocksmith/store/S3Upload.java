package io.blocksmith.store;

import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * Sends local files to S3, large ones in parts: a lost connection then costs one part, and S3 takes no more than 5 GiB
 * in one request. An object in parts appears when the last one has arrived; parts of an upload that failed are removed,
 * those of a process that was killed only by the bucket's own rule (AbortIncompleteMultipartUpload).
 */
final class S3Upload {
    static final String SHA256 = "sha256";
    /** S3 takes no more in one object. */
    private static final int MOST_PARTS = 10_000;

    private final S3Client client;
    private final S3Location location;
    private final long partBytes;

    /** @param partBytes S3 takes no less than 5 MiB for any part but the last */
    S3Upload(S3Client client, S3Location location, long partBytes) {
        this.client = client;
        this.location = location;
        this.partBytes = partBytes;
    }

    void send(ObjectRef object, Path file) {
        if (object.bytes() <= partBytes) {
            client.putObject(
                    request -> request.bucket(location.bucket())
                            .key(location.key(object.name()))
                            .metadata(metadata(object)),
                    RequestBody.fromFile(file));
        } else {
            sendInParts(object, file);
        }
    }

    static Map<String, String> metadata(ObjectRef object) {
        return Map.of(SHA256, object.sha256());
    }

    private void sendInParts(ObjectRef object, Path file) {
        String bucket = location.bucket();
        String key = location.key(object.name());
        String upload = client.createMultipartUpload(
                        request -> request.bucket(bucket).key(key).metadata(metadata(object)))
                .uploadId();
        try {
            List<CompletedPart> parts = new ArrayList<>();
            long size = Math.max(partBytes, Math.ceilDiv(object.bytes(), MOST_PARTS));
            for (long start = 0; start < object.bytes(); start += size) {
                int number = parts.size() + 1;
                RequestBody body = part(file, start, Math.min(size, object.bytes() - start));
                var sent = client.uploadPart(
                        request ->
                                request.bucket(bucket).key(key).uploadId(upload).partNumber(number),
                        body);
                parts.add(CompletedPart.builder()
                        .partNumber(number)
                        .eTag(sent.eTag())
                        .checksumCRC32(sent.checksumCRC32())
                        .build());
            }
            client.completeMultipartUpload(request -> request.bucket(bucket)
                    .key(key)
                    .uploadId(upload)
                    .multipartUpload(completed -> completed.parts(parts)));
        } catch (RuntimeException failure) {
            abort(key, upload, failure);
            throw failure;
        }
    }

    private void abort(String key, String upload, RuntimeException because) {
        try {
            client.abortMultipartUpload(
                    request -> request.bucket(location.bucket()).key(key).uploadId(upload));
        } catch (SdkException left) {
            because.addSuppressed(left);
        }
    }

    /** Opened anew for each try that the client makes. */
    private static RequestBody part(Path file, long start, long bytes) {
        return RequestBody.fromContentProvider(
                () -> {
                    try {
                        return new Part(file, start, bytes);
                    } catch (IOException failure) {
                        throw new UncheckedIOException(failure);
                    }
                },
                bytes,
                "application/octet-stream");
    }

    /** The bytes {@code start} to {@code start + bytes - 1} of a file. */
    private static final class Part extends InputStream {
        private final InputStream file;
        private long left;

        Part(Path path, long start, long bytes) throws IOException {
            file = Files.newInputStream(path);
            file.skipNBytes(start);
            left = bytes;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = file.read(into, offset, (int) Math.min(length, left));
            left -= Math.max(count, 0);
            return count;
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
