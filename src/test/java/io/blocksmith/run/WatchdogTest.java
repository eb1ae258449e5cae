package io.blocksmith.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Watchdog.Limits;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    private static final Ticket TICKET = ticket(0);

    private final Watchdog watchdog = new Watchdog(new Limits(at(1800), at(300), 5, Duration.ofSeconds(60), 0.5));

    private static Ticket ticket(int block) {
        return new Ticket("tiny", new TrainBlock(block), 1, 1);
    }

    private static Duration at(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static Progress progress(Ticket ticket, String phase, long step, double pace, double dataWait) {
        return new Progress(ticket, phase, 1, 2, step, 100, 0.5 / step, 1, pace, 0.5, step / 10 * 10, dataWait);
    }

    private void step(long step, int second) {
        watchdog.progressed(progress(TICKET, "train", step, 1000, Double.NaN), at(second));
    }

    private boolean isHung(int second) {
        return watchdog.hung(List.of(TICKET), at(second)).containsKey(TICKET);
    }

    @Test
    void anAttemptThatNeverSpokeHasTheFirstAllowance() {
        watchdog.began(TICKET, at(0));
        assertThat(isHung(1800)).isFalse();
        assertThat(watchdog.hung(List.of(TICKET), at(1801)))
                .containsEntry(TICKET, "no progress in phase 'start' for 1801 s (1800 s are allowed)");
    }

    @Test
    void howLongAPhaseMayBeSilentIsLearnedFromItsLongestSilence() {
        step(1, 0);
        step(2, 10);
        step(3, 110);
        step(4, 120);
        assertThat(isHung(120 + 500)).isFalse();
        assertThat(isHung(120 + 501)).isTrue();
    }

    @Test
    void shortSilencesAllowTheFloor() {
        step(1, 0);
        step(2, 1);
        step(3, 2);
        assertThat(isHung(302)).isFalse();
        assertThat(isHung(303)).isTrue();
    }

    @Test
    void theFirstReportOfAPhaseTeachesNothing() {
        step(1, 0);
        step(2, 600);
        assertThat(isHung(600 + 1800)).isFalse();
        step(3, 601);
        assertThat(isHung(601 + 301)).isTrue();
    }

    @Test
    void aNewPhaseHasTheFirstAllowanceAgain() {
        step(1, 0);
        step(2, 1);
        step(3, 2);
        watchdog.progressed(progress(TICKET, "seal", 1, 1000, Double.NaN), at(3));
        assertThat(isHung(3 + 1800)).isFalse();
    }

    @Test
    void aRepeatedReportIsNoSignOfLife() {
        step(1, 0);
        step(2, 1);
        step(3, 2);
        step(3, 250);
        assertThat(isHung(303)).isTrue();
    }

    private void again(long step, int second) {
        watchdog.progressed(
                progress(TICKET, "train", step, 1000, Double.NaN).again(second, step / 10 * 10), at(second));
    }

    @Test
    void signsOfLifeWithinAStepAreHeardHoweverLongTheStepTakes() {
        step(1, 0);
        step(2, 1);
        step(3, 2);
        for (int second = 200; second <= 4000; second += 200) {
            again(3, second);
            assertThat(isHung(second + 300)).isFalse();
        }
        again(3, 4000);
        assertThat(isHung(4301)).isTrue();
    }

    @Test
    void signsOfLifeWithinAStepTeachNothingAndStandForNoLoss() {
        step(1, 0);
        step(2, 10);
        again(2, 60);
        step(3, 110);
        step(4, 120);
        assertThat(isHung(120 + 500)).as("five times the 100 seconds of step 3").isFalse();
        assertThat(isHung(120 + 501)).isTrue();
        assertThat(watchdog.evidence(TICKET).losses()).hasSize(4);
    }

    @Test
    void aFirstStepThatTakesLongerThanTheFirstAllowanceLivesBySigns() {
        watchdog.progressed(progress(TICKET, "train", 0, 1000, Double.NaN), at(0));
        for (int second = 1500; second <= 9000; second += 1500) {
            watchdog.progressed(progress(TICKET, "train", 0, 1000, Double.NaN).again(second, 0), at(second));
            assertThat(isHung(second + 1500)).isFalse();
        }
        assertThat(isHung(9000 + 1801)).isTrue();
    }

    @Test
    void aWorkerThatCanBeHeardAgainStartsItsSilenceAnew() {
        step(1, 0);
        step(2, 1);
        step(3, 2);
        watchdog.began(TICKET, at(1000));
        assertThat(isHung(1300)).isFalse();
    }

    @Test
    void whoCannotBeHeardIsNotHung() {
        watchdog.began(TICKET, at(0));
        assertThat(watchdog.hung(List.of(), at(9999))).isEmpty();
    }

    @Test
    void evidenceHasTheLastStepsAndAtMostTwentyLosses() {
        assertThat(watchdog.evidence(TICKET)).isEqualTo(Evidence.NONE);
        for (int step = 1; step <= 25; step++) {
            step(step, step);
        }
        assertThat(watchdog.evidence(TICKET)).satisfies(evidence -> {
            assertThat(evidence.step()).isEqualTo(25);
            assertThat(evidence.savedStep()).isEqualTo(20);
            assertThat(evidence.losses()).hasSize(20).endsWith(0.5 / 25);
        });
    }

    @Test
    void whatIsOverIsForgotten() {
        step(1, 0);
        watchdog.ended(TICKET);
        assertThat(watchdog.latest(TICKET)).isEmpty();
        assertThat(isHung(9999)).isFalse();
    }

    private void paces(int second, double first, double wait) {
        watchdog.progressed(progress(ticket(0), "train", second, first, wait), at(second));
        watchdog.progressed(progress(ticket(1), "train", second, 1000, 0), at(second));
        watchdog.progressed(progress(ticket(2), "train", second, 1100, 0), at(second));
    }

    private List<Watchdog.Straggler> stragglersAfterWindows(int windows, double pace, double wait) {
        List<Watchdog.Straggler> stragglers = List.of();
        for (int window = 0; window <= windows; window++) {
            paces(1 + window * 60, pace, wait);
            stragglers = watchdog.stragglers(at(1 + window * 60));
        }
        return stragglers;
    }

    @Test
    void anAttemptAtLessThanHalfItsPeersPaceForThreeWindowsIsAStraggler() {
        assertThat(stragglersAfterWindows(2, 400, 0)).isEmpty();
        assertThat(stragglersAfterWindows(3, 400, 0))
                .extracting(Watchdog.Straggler::ticket)
                .containsExactly(ticket(0));
    }

    @Test
    void whoWaitsForDataOrIsAlmostAsFastIsNone() {
        assertThat(stragglersAfterWindows(5, 400, 0.9)).isEmpty();
        assertThat(stragglersAfterWindows(5, 600, 0)).isEmpty();
    }

    @Test
    void onePeerIsTooFewToCompareWith() {
        for (int window = 0; window < 6; window++) {
            watchdog.progressed(progress(ticket(0), "train", window + 1, 10, 0), at(window * 60));
            watchdog.progressed(progress(ticket(1), "train", window + 1, 1000, 0), at(window * 60));
            assertThat(watchdog.stragglers(at(window * 60))).isEmpty();
        }
    }
}
