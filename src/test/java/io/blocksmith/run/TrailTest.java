package io.blocksmith.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrailTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private static final Ticket TICKET = new Ticket("run", new Stage.TrainBlock(3), 1, 1);

    private static Progress at(long step, long savedStep) {
        return new Progress(TICKET, "train", 1, 1, step, 100_000, 1.0 / step, 1, 100, 0.1, savedStep, Double.NaN);
    }

    @Test
    void aLongTrailStaysSmallAndKeepsItsEnds() {
        Trail trail = new Trail();
        for (long step = 1; step <= 100_000; step++) {
            trail.progressed(at(step, 0), NOON);
        }
        List<Trail.Point> losses = trail.seen().losses();
        assertThat(losses).hasSizeBetween(50, 120);
        assertThat(losses.getFirst().step()).isEqualTo(1);
        assertThat(losses.getLast().step()).isBetween(98_000L, 100_000L);
        assertThat(losses).isSortedAccordingTo((a, b) -> Long.compare(a.step(), b.step()));
        assertThat(losses).allSatisfy(point -> assertThat(point.loss()).isEqualTo(1.0 / point.step()));
    }

    @Test
    void itKeepsWhenACheckpointWasFirstHeardOf() {
        Trail trail = new Trail();
        trail.progressed(at(10, 0), NOON);
        trail.progressed(at(11, 10), NOON.plusSeconds(1));
        trail.progressed(at(12, 10), NOON.plusSeconds(2));

        assertThat(trail.seen().savedStep()).isEqualTo(10);
        assertThat(trail.seen().savedAt()).isEqualTo(Optional.of(NOON.plusSeconds(1)));
    }

    @Test
    void aCheckpointThatAnAttemptGoesOnFromWasNotSavedNow() {
        Trail trail = new Trail();
        trail.progressed(at(901, 900), NOON);
        trail.progressed(at(902, 900), NOON.plusSeconds(1));
        assertThat(trail.seen().savedStep()).isEqualTo(900);
        assertThat(trail.seen().savedAt()).isEmpty();

        trail.progressed(at(951, 950), NOON.plusSeconds(50));
        assertThat(trail.seen().savedAt()).isEqualTo(Optional.of(NOON.plusSeconds(50)));
    }

    @Test
    void whatAnAttemptSavesWithItsFirstWordIsSavedNow() {
        Trail trail = new Trail();
        trail.progressed(at(901, 901), NOON);

        assertThat(trail.seen().savedAt()).isEqualTo(Optional.of(NOON));
    }

    @Test
    void aCheckpointBetweenTwoSupervisorsIsNotTakenForYoungerThanItIs() {
        Trail earlier = new Trail();
        earlier.progressed(at(1, 0), NOON);
        earlier.progressed(at(51, 50), NOON.plusSeconds(1));
        Trail own = new Trail();
        own.progressed(at(120, 100), NOON.plusSeconds(90));

        Trail.Seen seen = Trail.after(earlier.seen()).and(own.seen()).seen();
        assertThat(seen.savedStep()).isEqualTo(100);
        assertThat(seen.savedAt()).isEqualTo(Optional.of(NOON.plusSeconds(1)));
    }

    @Test
    void partsThatTrainNothingLeaveNoLoss() {
        Trail trail = new Trail();
        Progress targets =
                new Progress(TICKET, "targets", 1, 1, 5, 10, Double.NaN, Double.NaN, 100, Double.NaN, 0, Double.NaN);
        trail.progressed(targets, NOON);

        assertThat(trail.seen()).isEqualTo(Trail.Seen.NOTHING);
    }

    @Test
    void anotherSupervisorsTrailComesBeforeItsOwn() {
        Trail earlier = new Trail();
        earlier.progressed(at(1, 0), NOON);
        earlier.progressed(at(2, 1), NOON);
        Trail own = new Trail();
        own.progressed(at(2, 1), NOON.plusSeconds(9));
        own.progressed(at(3, 1), NOON.plusSeconds(9));

        Trail.Seen seen = Trail.after(earlier.seen()).and(own.seen()).seen();
        assertThat(seen.losses()).extracting(Trail.Point::step).containsExactly(1L, 2L, 3L);
        assertThat(seen.savedAt()).isEqualTo(Optional.of(NOON));
    }
}
