package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.blocksmith.store.Lease.Verdict;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
    private static final Duration LEASE = Duration.ofSeconds(20);

    @TempDir
    Path root;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(root, "test");
    }

    private static LiveStatus status(String host, long pid, long beat, boolean released) {
        return new LiveStatus(
                LiveStatus.VERSION,
                host + ":" + pid,
                host,
                pid,
                3,
                beat,
                7,
                "d7",
                released,
                JsonNodeFactory.instance.objectNode().put("phase", "block-ap"));
    }

    /** Time that passes only by waiting; at each wait {@code events} may do something. */
    private static final class Time implements Lease.Watch {
        private long nanos;
        private int waits;
        private final List<Runnable> events = new ArrayList<>();

        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public void await(Duration time) {
            nanos += time.toNanos();
            if (waits < events.size()) {
                events.get(waits).run();
            }
            waits++;
        }
    }

    private Verdict judge(Time time, boolean pidLives) {
        Lease.Processes here = new Lease.Processes() {
            @Override
            public String host() {
                return "here";
            }

            @Override
            public boolean isAlive(long pid) {
                return pidLives;
            }
        };
        return new Lease(store, here, time).judge(LEASE);
    }

    @Test
    void aHeartbeatReadsBackAsItWasWritten() {
        LiveStatus status = status("here", 42, 5, false);
        status.write(store);
        assertThat(LiveStatus.read(store)).contains(status);
    }

    @Test
    void aRunWithoutAHeartbeatIsFree() {
        assertThat(judge(new Time(), true)).isEqualTo(new Verdict.Free("it never had a supervisor"));
    }

    @Test
    void aReleasedRunIsFreeAtOnce() {
        status("there", 42, 5, true).write(store);
        Time time = new Time();
        assertThat(judge(time, true)).isEqualTo(new Verdict.Free("there:42 has released it"));
        assertThat(time.nanoTime()).isZero();
    }

    @Test
    void aDeadProcessOfThisMachineHoldsNothing() {
        status("here", 42, 5, false).write(store);
        Time time = new Time();
        assertThat(judge(time, false)).isInstanceOf(Verdict.Free.class);
        assertThat(time.nanoTime()).isZero();
    }

    @Test
    void aProcessOfAnotherMachineIsNotJudgedByItsNumber() {
        status("there", 42, 5, false).write(store);
        assertThat(judge(new Time(), false)).isInstanceOf(Verdict.Expired.class);
    }

    @Test
    void aBeatThatMovesHoldsTheRun() {
        status("there", 42, 5, false).write(store);
        Time time = new Time();
        time.events.add(() -> {});
        time.events.add(() -> status("there", 42, 6, false).write(store));
        assertThat(judge(time, true)).isEqualTo(new Verdict.Held(status("there", 42, 6, false)));
        assertThat(time.nanoTime()).isLessThan(LEASE.toNanos());
    }

    @Test
    void aBeatThatRestsForTheWholeLeaseHasExpired() {
        LiveStatus silent = status("there", 42, 5, false);
        silent.write(store);
        Time time = new Time();
        assertThat(judge(time, true)).isEqualTo(new Verdict.Expired(silent));
        assertThat(time.nanoTime()).isEqualTo(LEASE.toNanos());
    }

    @Test
    void aFrozenProcessOfThisMachineExpiresToo() {
        status("here", 42, 5, false).write(store);
        assertThat(judge(new Time(), true)).isInstanceOf(Verdict.Expired.class);
    }

    @Test
    void aReleaseWhileWeWatchSetsTheRunFree() {
        status("there", 42, 5, false).write(store);
        Time time = new Time();
        time.events.add(() -> status("there", 42, 6, true).write(store));
        assertThat(judge(time, true)).isInstanceOf(Verdict.Free.class);
    }

    @Test
    void somebodyElseWhoTookItMeanwhileHoldsIt() {
        status("there", 42, 5, false).write(store);
        Time time = new Time();
        time.events.add(() -> status("elsewhere", 7, 5, false).write(store));
        assertThat(judge(time, true)).isEqualTo(new Verdict.Held(status("elsewhere", 7, 5, false)));
    }

    @Test
    void whatIsNoHeartbeatIsNoneAndHoldsNobodyUp() {
        for (String content :
                List.of("", "{", "[]", "null", "7", "{\"version\": 1}", "\u0000\u0001", "{\"beat\": \"x\"}")) {
            store.replace(RunNames.LIVE, content.getBytes(StandardCharsets.UTF_8));

            assertThat(LiveStatus.read(store)).as(content).isEmpty();
        }
    }
}
