package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.files.Reason;
import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects in a bucket of S3 or of a server that speaks it. The server must
 *
 * <ul>
 *   <li>obey {@code If-None-Match: *} on PUT, whoever else tries at that moment: the fence between two supervisors
 *       rests on it, so a store that ignores it is refused at open,
 *   <li>show an object to everybody once its PUT was answered, in reads and in listings (strong consistency),
 *   <li>know multipart uploads and user metadata ({@code sha256} is kept there).
 * </ul>
 *
 * Amazon S3 does, since December 2020 and August 2024. Whole files are read through copies in a local folder.
 */
final class S3Store implements ObjectStore {
    private static final long PART_BYTES = 64L << 20;
    /** Hidden, so no object. */
    private static final String PROBE = ".probe-";

    private final S3Client client;
    private final S3Location location;
    private final S3Upload upload;
    private final S3SmallObjects small;
    private final Path cache;
    private final LocalFolder local;
    private final LocalCopies copies;
    /** Whether the store has done anything for this process. */
    private volatile boolean served;

    private S3Store(
            S3Client client,
            S3Location location,
            S3 settings,
            String ownerName,
            long partBytes,
            LongSupplier nanoTime) {
        this.client = client;
        this.location = location;
        this.upload = new S3Upload(client, location, partBytes);
        this.small = new S3SmallObjects(client, location.bucket());
        this.cache = settings.cache().toAbsolutePath().normalize();
        this.local = new LocalFolder(cache, ownerName);
        this.copies = new LocalCopies(local.objects(), settings.cacheBytes(), nanoTime);
    }

    /** @throws BlocksmithException (the operator's) when the store ignores conditions */
    static S3Store open(S3Location location, S3 settings, String owner) {
        S3Store store = openForReading(location, settings, owner);
        try {
            store.requireConditionalWrites(owner);
            return store;
        } catch (RuntimeException refused) {
            store.close();
            throw refused;
        }
    }

    static S3Store openForReading(S3Location location, S3 settings, String owner) {
        return open(S3Connection.open(settings, location), location, settings, owner, PART_BYTES, System::nanoTime);
    }

    /** With every part injected; the client is closed with the store. */
    static S3Store open(
            S3Client client, S3Location location, S3 settings, String owner, long partBytes, LongSupplier nanoTime) {
        try {
            return new S3Store(client, location, settings, owner, partBytes, nanoTime);
        } catch (RuntimeException refused) {
            client.close();
            throw refused;
        }
    }

    /** Two supervisors could both write record N+1 in a store that takes a condition and forgets it. */
    void requireConditionalWrites(String ownerName) {
        boolean obeyed =
                attempt("write", PROBE + ownerName, () -> small.obeysConditions(location.key(PROBE + ownerName)));
        if (!obeyed) {
            throw BlocksmithException.environment(
                    null,
                    "%s: this store ignores 'If-None-Match: *', which keeps two supervisors from writing at once;"
                            + " use one that obeys it (Amazon S3, MinIO, Ceph from Squid on, ...)",
                    location.where(""));
        }
    }

    @Override
    public Path temporary(String name) {
        return local.temporary(ObjectNames.require(name));
    }

    @Override
    public Path scratch() {
        return local.scratch();
    }

    @Override
    public ObjectRef put(String name, Path finished) {
        ObjectNames.require(name);
        try {
            ObjectRef object = Digests.of(name, finished);
            attempt("write", name, () -> {
                upload.send(object, finished);
                return null;
            });
            copies.offer(name, object.sha256(), finished);
            return object;
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", finished);
        }
    }

    @Override
    public boolean createIfAbsent(String name, byte[] content) {
        String key = key(name);
        return attempt("write", name, () -> small.createIfAbsent(key, content));
    }

    @Override
    public void replace(String name, byte[] content) {
        String key = key(name);
        attempt("write", name, () -> {
            small.replace(key, content);
            return null;
        });
    }

    @Override
    public boolean isWritable() {
        String probe = PROBE + "writable";
        byte[] content = {1};
        try {
            attempt("write", probe, () -> {
                small.replace(location.key(probe), content);
                return null;
            });
            return true;
        } catch (BlocksmithException refused) {
            return false;
        }
    }

    @Override
    public Optional<byte[]> find(String name) {
        String key = key(name);
        return ifPresent(
                "read",
                name,
                () -> client.getObjectAsBytes(request ->
                                request.bucket(location.bucket()).key(key).overrideConfiguration(S3SmallObjects.SOON))
                        .asByteArray());
    }

    @Override
    public byte[] read(String name) {
        return find(name).orElseThrow(() -> StorageFailure.missing(where(name)));
    }

    @Override
    public Path path(String name) {
        HeadObjectResponse head = head(name).orElseThrow(() -> StorageFailure.missing(where(name)));
        String version = head.metadata().getOrDefault(S3Upload.SHA256, head.eTag());
        try {
            Optional<Path> copy = copies.find(name, version);
            return copy.isPresent() ? copy.get() : copies.place(name, version, download(name, head));
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "copy " + where(name) + " to", cache);
        }
    }

    private Path download(String name, HeadObjectResponse head) throws IOException {
        Path file = temporary(name);
        try (ResponseInputStream<GetObjectResponse> content = open(name)) {
            Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
        }
        ObjectRef found = Digests.of(name, file);
        String sha256 = head.metadata().getOrDefault(S3Upload.SHA256, found.sha256());
        if (found.bytes() != head.contentLength() || !found.sha256().equals(sha256)) {
            Files.deleteIfExists(file);
            throw new BlocksmithException(
                    Category.STORE_UNAVAILABLE,
                    "%s did not arrive whole: %d bytes with SHA-256 %s expected, %d with %s found"
                            .formatted(where(name), head.contentLength(), sha256, found.bytes(), found.sha256()),
                    null);
        }
        return file;
    }

    private ResponseInputStream<GetObjectResponse> open(String name) {
        return attempt(
                "read",
                name,
                () -> client.getObject(
                        request -> request.bucket(location.bucket()).key(location.key(name))));
    }

    @Override
    public void refresh(String name) {
        try {
            copies.drop(name);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "delete the copy of " + where(name) + " in", cache);
        }
    }

    @Override
    public void release() {
        try {
            copies.release();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "delete copies in", cache);
        }
    }

    @Override
    public Optional<ObjectRef> examine(String name) {
        if (head(name).isEmpty()) {
            return Optional.empty();
        }
        try (ResponseInputStream<GetObjectResponse> content = open(name)) {
            return Optional.of(Digests.of(name, Channels.newChannel(content)));
        } catch (IOException failure) {
            throw new BlocksmithException(
                    Category.STORE_UNAVAILABLE,
                    "cannot read %s to its end: %s".formatted(where(name), Reason.of(failure)),
                    failure);
        }
    }

    @Override
    public String where(String name) {
        return location.where(name);
    }

    @Override
    public boolean exists(String name) {
        return head(name).isPresent();
    }

    private Optional<HeadObjectResponse> head(String name) {
        String key = key(name);
        return ifPresent(
                "read",
                name,
                () -> client.headObject(request ->
                        request.bucket(location.bucket()).key(key).overrideConfiguration(S3SmallObjects.SOON)));
    }

    @Override
    public List<String> list(String prefix) {
        int strip = location.prefix().length();
        return attempt(
                "list",
                prefix,
                () -> client
                        .listObjectsV2Paginator(request -> request.bucket(location.bucket())
                                .prefix(location.key(prefix))
                                .overrideConfiguration(S3SmallObjects.SOON))
                        .contents()
                        .stream()
                        .map(S3Object::key)
                        .map(key -> key.substring(strip))
                        .filter(ObjectNames::isLegal)
                        .sorted()
                        .toList());
    }

    /** Uploads that have begun; work files are on their owners' machines. */
    @Override
    public List<String> unfinished() {
        return attempt(
                "list",
                "",
                () -> client
                        .listMultipartUploadsPaginator(
                                request -> request.bucket(location.bucket()).prefix(location.prefix()))
                        .uploads()
                        .stream()
                        .map(begun -> begun.key().substring(location.prefix().length()))
                        .sorted()
                        .toList());
    }

    @Override
    public void delete(String name) {
        String key = key(name);
        attempt("delete", name, () -> {
            small.delete(key);
            return null;
        });
        refresh(name);
    }

    /** A bucket has no end; the disk that work files and copies are on has. */
    @Override
    public long bytes() {
        return attempt(
                "list",
                "",
                () -> client
                        .listObjectsV2Paginator(
                                request -> request.bucket(location.bucket()).prefix(location.prefix()))
                        .contents()
                        .stream()
                        .mapToLong(S3Object::size)
                        .sum());
    }

    @Override
    public long freeBytes() {
        return FreeSpace.of(cache);
    }

    @Override
    public void close() {
        try (client) {
            local.delete();
        }
    }

    private String key(String name) {
        return location.key(ObjectNames.require(name));
    }

    private <T> Optional<T> ifPresent(String what, String name, Supplier<T> request) {
        return attempt(what, name, () -> {
            try {
                return Optional.of(request.get());
            } catch (S3Exception failure) {
                // Not by its class only: some servers answer 404 without a code.
                if (failure.statusCode() != 404 || failure instanceof NoSuchBucketException) {
                    throw failure;
                }
                return Optional.empty();
            }
        });
    }

    private <T> T attempt(String what, String name, Supplier<T> request) {
        try {
            T answer = request.get();
            served = true;
            return answer;
        } catch (SdkException failure) {
            throw S3Failure.of(failure, what, location.where(name), served);
        }
    }
}
