package io.blocksmith.store;

import static io.blocksmith.run.Histories.NOON;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

class S3StoreTest extends ObjectStoreContract {
    private static final long PART_BYTES = 5 << 20;
    private static final AtomicInteger RUNS = new AtomicInteger();
    private static S3Server server;

    private final S3Location location = new S3Location(S3Server.BUCKET, "run-%d/".formatted(RUNS.incrementAndGet()));
    private final AtomicLong now = new AtomicLong();

    @BeforeAll
    static void startServer() throws Exception {
        server = S3Server.start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    ObjectStore open(String owner) {
        return open(server.client("secret", 3), owner, 1 << 30);
    }

    private ObjectStore open(S3Client client, String owner, long cacheBytes) {
        S3 settings = new S3(Optional.empty(), Optional.empty(), true, folder.resolve("cache"), cacheBytes);
        return S3Store.open(client, location, settings, owner, PART_BYTES, now::get);
    }

    private static Category category(Runnable deed) {
        try {
            deed.run();
        } catch (BlocksmithException failure) {
            return failure.category();
        }
        throw new AssertionError("nothing failed");
    }

    @Test
    void aStoreThatObeysConditionsIsAccepted() {
        ((S3Store) store).requireConditionalWrites("test");
        assertThat(store.list("")).isEmpty();
    }

    @Test
    void aStoreThatIgnoresConditionsIsRefused() throws Exception {
        S3Server.Faulty forgetful = new S3Server.Faulty() {
            @Override
            public PutObjectResponse putBlob(PutObjectRequest request, InputStream content) {
                return super.putBlob(request.toBuilder().ifNoneMatch(null).build(), content);
            }
        };
        try (S3Server other = S3Server.start(forgetful);
                ObjectStore there = open(other.client("secret", 1), "probing", 0)) {
            assertThatThrownBy(() -> ((S3Store) there).requireConditionalWrites("probing"))
                    .hasMessageContaining("ignores 'If-None-Match: *'");
        }
    }

    @Test
    void aRecordWhoseAnswerGotLostIsOurs() throws Exception {
        AtomicInteger lost = new AtomicInteger();
        S3Server.Faulty deaf = new S3Server.Faulty() {
            @Override
            public PutObjectResponse putBlob(PutObjectRequest request, InputStream content) {
                PutObjectResponse done = super.putBlob(request, content);
                if (lost.getAndIncrement() == 0) {
                    throw S3Exception.builder().statusCode(503).message("lost").build();
                }
                return done;
            }
        };
        try (S3Server other = S3Server.start(deaf);
                ObjectStore there = open(other.client("secret", 3), "writer", 0)) {
            Ledger ledger = new Ledger(there);
            assertThat(ledger.append(new RunSubmitted(NOON, "tiny", "d1", 3))).isEqualTo(new Appended.Durable());
            assertThat(lost).hasPositiveValue();
            assertThat(there.list("ledger/")).hasSize(1);
        }
    }

    @Test
    void aFailedUploadInPartsLeavesNothing() throws Exception {
        S3Server.Faulty failing = new S3Server.Faulty() {
            @Override
            public UploadPartResponse uploadMultipartPart(
                    MultipartUpload upload, UploadPartRequest request, InputStream content) {
                if (request.partNumber() == 2) {
                    throw S3Exception.builder().statusCode(503).message("busy").build();
                }
                return super.uploadMultipartPart(upload, request, content);
            }
        };
        try (S3Server other = S3Server.start(failing);
                ObjectStore there = open(other.client("secret", 1), "writer", 0)) {
            Path file = there.temporary("large");
            Files.write(file, new byte[12 << 20]);
            assertThat(category(() -> there.put("large", file))).isEqualTo(Category.STORE_UNAVAILABLE);
            assertThat(there.list("")).isEmpty();
            assertThat(failing.listMultipartUploads(S3Server.BUCKET)).isEmpty();
            assertThat(file).exists();
        }
    }

    @Test
    void largeObjectsAreSentInParts() throws Exception {
        AtomicInteger parts = new AtomicInteger();
        S3Server.Faulty counting = new S3Server.Faulty() {
            @Override
            public UploadPartResponse uploadMultipartPart(
                    MultipartUpload upload, UploadPartRequest request, InputStream content) {
                parts.incrementAndGet();
                return super.uploadMultipartPart(upload, request, content);
            }
        };
        try (S3Server other = S3Server.start(counting);
                ObjectStore there = open(other.client("secret", 1), "writer", 0)) {
            Path file = there.temporary("large");
            Files.write(file, new byte[(10 << 20) + 1]);
            ObjectRef object = there.put("large", file);
            assertThat(parts).hasValue(3);
            assertThat(there.examine("large")).contains(object);
        }
    }

    @Test
    void aWrongSecretIsTheOperatorsBusiness() {
        try (ObjectStore denied = open(server.client("wrong", 1), "denied", 0)) {
            assertThatThrownBy(() -> denied.read("spec.json"))
                    .hasMessage(
                            "cannot read %s: the credentials are wrong (403 SignatureDoesNotMatch); look at"
                                    + " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile, or the role",
                            denied.where("spec.json"));
            assertThat(category(() -> denied.replace("a", new byte[1]))).isEqualTo(Category.ENVIRONMENT);
        }
    }

    /** Otherwise a run whose credentials expire would fail where it could wait for new ones. */
    @ParameterizedTest
    @CsvSource({"403, AccessDenied", "400, ExpiredToken"})
    void aStoreThatRefusesIsWaitedForOnceItHasServed(int status, String code) throws Exception {
        Refusing refusing = new Refusing(status, code);
        try (S3Server other = S3Server.start(refusing);
                ObjectStore there = open(other.client("secret", 1), "writer", 0)) {
            assertThat(category(() -> there.replace("a", new byte[1]))).isEqualTo(Category.ENVIRONMENT);
            refusing.refuses = false;
            there.replace("a", new byte[1]);
            refusing.refuses = true;
            assertThat(category(() -> there.replace("a", new byte[1]))).isEqualTo(Category.STORE_UNAVAILABLE);
            assertThatThrownBy(() -> there.replace("a", new byte[1]))
                    .hasMessageContaining("access is denied (%d %s)", status, code)
                    .hasMessageContaining("s3:PutObject");
        }
    }

    @Test
    void aBucketOfAnotherRegionIsTheOperatorsBusiness() throws Exception {
        try (S3Server other = S3Server.start(new Refusing(400, "AuthorizationHeaderMalformed"));
                ObjectStore there = open(other.client("secret", 1), "writer", 0)) {
            assertThatThrownBy(() -> there.replace("a", new byte[1]))
                    .hasMessageContaining("the bucket is in another region")
                    .hasMessageContaining("set s3.region");
        }
    }

    /** A bucket that answers every write with one error, until it is told otherwise. */
    private static final class Refusing extends S3Server.Faulty {
        private final int status;
        private final String code;
        private volatile boolean refuses = true;

        Refusing(int status, String code) {
            this.status = status;
            this.code = code;
        }

        @Override
        public PutObjectResponse putBlob(PutObjectRequest request, InputStream content) {
            if (refuses) {
                throw S3Server.refusal(status, code);
            }
            return super.putBlob(request, content);
        }
    }

    @Test
    void aMissingBucketIsNamed() {
        S3 settings = new S3(Optional.empty(), Optional.empty(), true, folder.resolve("cache"), 0);
        S3Location nowhere = S3Location.parse("s3://nowhere/run");
        try (ObjectStore there =
                S3Store.open(server.client("secret", 1), nowhere, settings, "x", PART_BYTES, now::get)) {
            assertThatThrownBy(() -> there.replace("spec.json", new byte[1]))
                    .hasMessage("cannot write s3://nowhere/run/spec.json: there is no such bucket; create it,"
                            + " or correct its name");
        }
    }

    @Test
    void aServerThatIsNotThereIsUnavailable() throws Exception {
        S3Server gone = S3Server.start();
        S3Client client = gone.client("secret", 1);
        gone.close();
        try (ObjectStore there = open(client, "x", 0)) {
            assertThat(category(() -> there.read("spec.json"))).isEqualTo(Category.STORE_UNAVAILABLE);
        }
    }

    @Test
    void copiesOverTheLimitGoTheOldestFirst() throws IOException {
        try (ObjectStore small = open(server.client("secret", 1), "small", 5)) {
            put("a", "aa");
            put("b", "bb");
            put("c", "cc");
            Path a = small.path("a");
            now.addAndGet(1);
            Path b = small.path("b");
            now.addAndGet(Duration.ofHours(3).toNanos());
            assertThat(small.path("a")).isEqualTo(a);
            Path c = small.path("c");
            assertThat(b).doesNotExist();
            assertThat(a).exists();
            assertThat(c).hasContent("cc");
            assertThat(small.path("b")).hasContent("bb");
        }
    }

    @Test
    void aDamagedCopyIsMadeAnewAfterARefresh() throws IOException {
        put("a", "abc");
        Files.writeString(store.path("a"), "abd");
        assertThat(store.path("a")).hasContent("abd");
        store.refresh("a");
        assertThat(store.path("a")).hasContent("abc");
    }

    @Test
    void closingTakesTheLocalCopiesAway() throws IOException {
        put("a", "abc");
        Path copy = store.path("a");
        store.close();
        assertThat(copy).doesNotExist();
        store = open("test");
        assertThat(store.read("a")).isEqualTo("abc".getBytes(UTF_8));
    }

    @Test
    void aLookLeavesAloneWhatItsProcessHasOpen() throws IOException {
        put("a", "abc");
        Path copy = store.path("a");
        Path unfinished = store.temporary("b");
        Path worked = Files.writeString(store.scratch().resolve("shard"), "abc");
        open("test").close();
        assertThat(copy).hasContent("abc");
        assertThat(unfinished).exists();
        assertThat(worked).exists();
    }

    @Test
    void objectsOfOneNameInTwoRunsOfOneProcessAreNotMixedUp() throws IOException {
        put("boundaries/001/shard", "of the first");
        assertThat(store.path("boundaries/001/shard")).hasContent("of the first");
        S3Location another = new S3Location(S3Server.BUCKET, location.prefix() + "another/");
        S3 settings = new S3(Optional.empty(), Optional.empty(), true, folder.resolve("cache"), 1 << 30);
        try (ObjectStore second =
                S3Store.open(server.client("secret", 1), another, settings, "test", PART_BYTES, now::get)) {
            Path file = second.temporary("boundaries/001/shard");
            Files.writeString(file, "of the other");
            second.put("boundaries/001/shard", file);
            assertThat(store.path("boundaries/001/shard")).hasContent("of the first");
            assertThat(second.path("boundaries/001/shard")).hasContent("of the other");
        }
    }

    @Test
    void whatADeadProcessOfTheNameLeftIsRemovedAndWhatOthersLeftIsNot() throws IOException {
        Path cache = folder.resolve("cache");
        Path dead = Files.createDirectories(cache.resolve("worker-1/0123abcd/1/objects/blocks"));
        Path others = Files.createDirectories(cache.resolve("worker-2/0123abcd/1/objects/blocks"));
        Files.writeString(dead.resolve("a"), "abc");
        Files.writeString(others.resolve("a"), "abc");
        try (ObjectStore started = open("worker-1")) {
            Path unfinished = started.temporary("b");
            assertThat(dead).doesNotExist();
            assertThat(others.resolve("a")).exists();
            assertThat(unfinished).exists();
        }
        assertThat(cache.resolve("worker-1")).doesNotExist();
    }

    @Test
    void placesAreParsed() {
        assertThat(S3Location.parse("s3://b/x/y")).isEqualTo(new S3Location("b", "x/y/"));
        assertThat(S3Location.parse("s3://b")).isEqualTo(new S3Location("b", ""));
        assertThatThrownBy(() -> S3Location.parse("s3:///x")).hasMessageContaining("expected s3://BUCKET/PREFIX");
    }

    @Test
    void opensAPlaceWithCredentialsOfTheChain() {
        S3 settings = new S3(
                Optional.of(URI.create(server.endpoint().toString())),
                Optional.empty(),
                true,
                folder.resolve("cache"),
                1 << 20);
        try (var _ = server.asOfThisProcess();
                ObjectStore opened = Stores.open("s3://runs/by-chain", settings, "worker-1")) {
            opened.replace("live.json", "1".getBytes(UTF_8));
            assertThat(opened.list("")).containsExactly("live.json");
            assertThat(opened.where("live.json")).isEqualTo("s3://runs/by-chain/live.json");
        }
    }
}
