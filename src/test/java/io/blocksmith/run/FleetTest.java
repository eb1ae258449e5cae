package io.blocksmith.run;

import static io.blocksmith.run.Histories.NUMERICS;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Fleet.Limits;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Stage.Capture;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FleetTest {
    private static final Duration LEASE = Duration.ofSeconds(60);

    private final Fleet fleet = new Fleet(new Limits(LEASE, 3, Duration.ofHours(1)), Duration.ZERO);
    private final Ticket ticket = started(3).nextTicket(new Capture(0, 0));
    private final RunState running = fold(started(3), start(started(3), new Capture(0, 0)));

    private static Duration at(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static Registration worker(String name, String incarnation, Ticket... holds) {
        return worker(name, incarnation, 0, holds);
    }

    private static Registration worker(String name, String incarnation, long greeting, Ticket... holds) {
        return new Registration(name, incarnation, NUMERICS, "1", Set.of(holds), Optional.empty(), greeting);
    }

    private WorkerView view() {
        return fleet.reachable(at(1)).get(WORKER);
    }

    @Test
    void whatAWorkerHoldsIsWhatItSaysAndWhatItWasGiven() {
        fleet.joined(worker(WORKER, "1"));
        assertThat(view().holds()).isEmpty();
        fleet.gave(WORKER, ticket);
        assertThat(view().holds()).containsExactly(ticket);
        fleet.joined(worker(WORKER, "1"));
        assertThat(view().holds()).containsExactly(ticket);
        fleet.returned(WORKER, ticket);
        assertThat(view().holds()).isEmpty();
    }

    @Test
    void aWorkerThatWasStartedAnewHoldsOnlyWhatItSays() {
        fleet.joined(worker(WORKER, "1", ticket));
        assertThat(fleet.lost(running, at(1))).isEmpty();
        fleet.joined(worker(WORKER, "2"));
        assertThat(view().holds()).isEmpty();
        assertThat(fleet.lost(running, at(1)))
                .containsEntry(ticket, "worker worker-1 was started anew, without the attempt");
    }

    @Test
    void anUnreachableWorkerKeepsItsAttemptForALease() {
        fleet.joined(worker(WORKER, "1", ticket));
        fleet.unreachable(WORKER, at(10));
        fleet.unreachable(WORKER, at(40));
        assertThat(fleet.reachable(at(41))).isEmpty();
        assertThat(fleet.lost(running, at(69))).isEmpty();
        assertThat(fleet.lost(running, at(70))).containsEntry(ticket, "worker worker-1 was out of reach for 60 s");
    }

    @Test
    void aWorkerThatCanBeReachedAgainGoesOn() {
        fleet.joined(worker(WORKER, "1", ticket));
        fleet.unreachable(WORKER, at(10));
        fleet.joined(worker(WORKER, "1", ticket));
        assertThat(fleet.lost(running, at(500))).isEmpty();
    }

    @Test
    void aWorkerThatIsGoneHasLostItsAttemptAtOnceUntilItComesAgain() {
        fleet.joined(worker(WORKER, "1", ticket));
        fleet.left(WORKER, "1");
        assertThat(fleet.lost(running, at(1))).containsEntry(ticket, "worker worker-1 is gone");
        assertThat(fleet.isExcused(ticket)).isFalse();
        assertThat(fleet.joined(worker(WORKER, "2", ticket))).isTrue();
        assertThat(fleet.lost(running, at(1))).isEmpty();
    }

    @Test
    void aStartThatHasEndedIsNotHereAgainWhateverStillArrivesOfIt() {
        fleet.joined(worker(WORKER, "1"));
        fleet.left(WORKER, "1");
        assertThat(fleet.joined(worker(WORKER, "1"))).isFalse();
        assertThat(fleet.reachable(at(1))).isEmpty();
        assertThat(fleet.joined(worker(WORKER, "2"))).isTrue();
        assertThat(fleet.joined(worker(WORKER, "1", ticket))).isFalse();
        assertThat(view().holds()).isEmpty();
    }

    @Test
    void theEndOfAnEarlierStartConcernsThePresentOneNot() {
        fleet.joined(worker(WORKER, "1"));
        fleet.joined(worker(WORKER, "2", ticket));
        fleet.left(WORKER, "1");
        assertThat(fleet.reachable(at(1))).containsKey(WORKER);
        assertThat(fleet.lost(running, at(1))).isEmpty();
    }

    @Test
    void whoeverSaidGoodbyeGetsNothingAlsoWhenAGreetingIsAnsweredLate() {
        fleet.joined(worker(WORKER, "1", ticket));
        assertThat(fleet.leaves(worker(WORKER, "1", ticket), at(1))).isTrue();
        assertThat(fleet.joined(worker(WORKER, "1", ticket))).isFalse();
        assertThat(fleet.reachable(at(2))).isEmpty();
        assertThat(fleet.leaves(worker(WORKER, "1", ticket), at(3))).isTrue();
        assertThat(fleet.joined(worker(WORKER, "2"))).isTrue();
        assertThat(fleet.leaves(worker(WORKER, "1"), at(4))).isFalse();
        assertThat(fleet.reachable(at(5))).containsKey(WORKER);
    }

    @Test
    void aGoodbyeExcusesWhatIsNotFinished() {
        fleet.joined(worker(WORKER, "1", ticket));
        fleet.leaves(worker(WORKER, "1", ticket), at(1));
        assertThat(fleet.lost(running, at(60))).isEmpty();
        fleet.left(WORKER, "1");
        assertThat(fleet.lost(running, at(60))).containsEntry(ticket, "worker worker-1 is gone");
        assertThat(fleet.isExcused(ticket)).isTrue();
    }

    @Test
    void aGoodbyeToASupervisorThatHasNotMetTheWorkerExcusesItToo() {
        assertThat(fleet.leaves(worker(WORKER, "1", ticket), at(1))).isTrue();
        fleet.joined(worker(WORKER, "2"));
        assertThat(fleet.lost(running, at(1))).containsKey(ticket);
        assertThat(fleet.isExcused(ticket)).isTrue();
    }

    @Test
    void aGoodbyeThatComesAfterTheEndExcusesStill() {
        fleet.joined(worker(WORKER, "1"));
        fleet.gave(WORKER, ticket);
        fleet.left(WORKER, "1");
        assertThat(fleet.leaves(worker(WORKER, "1"), at(1))).isFalse();
        assertThat(fleet.isExcused(ticket)).isTrue();
        assertThat(fleet.lost(running, at(1))).containsEntry(ticket, "worker worker-1 is gone");
    }

    @Test
    void whatWasGivenWhileTheGoodbyeWasUnderWayIsExcused() {
        fleet.joined(worker(WORKER, "1"));
        fleet.leaves(worker(WORKER, "1"), at(1));
        fleet.gave(WORKER, ticket);
        assertThat(fleet.isExcused(ticket)).isTrue();
    }

    @Test
    void aLeavingWorkerThatIsHeardOfKeepsItsAttemptWhileItSaves() {
        fleet.joined(worker(WORKER, "1", ticket));
        fleet.leaves(worker(WORKER, "1", ticket), at(10));
        fleet.heard(WORKER, at(65));
        assertThat(fleet.lost(running, at(120))).isEmpty();
        assertThat(fleet.lost(running, at(125))).containsKey(ticket);
    }

    @Test
    void ofTwoStartsTheOneThatAnswersTheOlderGreetingIsTheOlder() {
        assertThat(fleet.joined(worker(WORKER, "2", 5, ticket))).isTrue();
        assertThat(fleet.joined(worker(WORKER, "1", 4))).isFalse();
        assertThat(fleet.lost(running, at(1))).isEmpty();
        assertThat(fleet.joined(worker(WORKER, "3", 6))).isTrue();
        fleet.left(WORKER, "3");
        assertThat(fleet.joined(worker(WORKER, "1b", 5))).isFalse();
        assertThat(fleet.joined(worker(WORKER, "4", 7))).isTrue();
    }

    @Test
    void onlyWhoWasHeldForGoneAndHasSaidNoGoodbyeMayComeAnew() {
        fleet.joined(worker(WORKER, "1"));
        assertThat(fleet.mayComeAnew(worker(WORKER, "1"))).isFalse();
        fleet.left(WORKER, "1");
        assertThat(fleet.mayComeAnew(worker(WORKER, "1"))).isTrue();
        fleet.joined(worker(WORKER, "2"));
        assertThat(fleet.mayComeAnew(worker(WORKER, "1"))).isFalse();
        fleet.leaves(worker(WORKER, "2"), at(1));
        fleet.left(WORKER, "2");
        assertThat(fleet.mayComeAnew(worker(WORKER, "2"))).isFalse();
    }

    @Test
    void aWorkerNotHeardOfHasALeaseFromWhenTheSupervisorListens() {
        fleet.listens(at(100));
        assertThat(fleet.lost(running, at(159))).isEmpty();
        assertThat(fleet.lost(running, at(160))).containsEntry(ticket, "worker worker-1 was not heard of for 60 s");
    }

    @Test
    void aHelperIsOneUntilItHasAnswered() {
        fleet.joined(worker(WORKER, "1"));
        fleet.assists(WORKER, ticket);
        fleet.joined(worker(WORKER, "1"));
        assertThat(view().assists()).contains(ticket);
        fleet.endedAssist(WORKER, new Ticket("tiny", new Capture(0, 0), 9, 9));
        assertThat(view().assists()).contains(ticket);
        fleet.endedAssist(WORKER, ticket);
        assertThat(view().assists()).isEmpty();
    }

    private void fail(String name, int times, Category category) {
        for (int i = 0; i < times; i++) {
            fleet.failed(name, category, at(1));
        }
    }

    @Test
    void aWorkerThatFailsOftenIsQuarantinedForAWhile() {
        fleet.joined(worker(WORKER, "1"));
        fleet.joined(worker("b", "1"));
        fail(WORKER, 3, Category.TRANSIENT);
        assertThat(view().quarantined()).isTrue();
        assertThat(fleet.reachable(at(3700)).get(WORKER).quarantined()).isFalse();
    }

    @Test
    void whatIsNotAWorkersFaultDoesNotQuarantineIt() {
        fleet.joined(worker(WORKER, "1"));
        fleet.joined(worker("b", "1"));
        fail(WORKER, 9, Category.STORE_FULL);
        fail(WORKER, 9, Category.NOT_FINITE);
        assertThat(view().quarantined()).isFalse();
    }

    @Test
    void whenAllThatCanBeReachedFlapNoneIsQuarantined() {
        fleet.joined(worker(WORKER, "1"));
        fleet.joined(worker("b", "1"));
        fail(WORKER, 3, Category.TRANSIENT);
        fleet.unreachable("b", at(1));
        assertThat(view().quarantined()).isFalse();
    }

    @Test
    void aSlowWorkerIsOneForAWhile() {
        fleet.joined(worker(WORKER, "1"));
        fleet.isSlow(WORKER, at(1));
        assertThat(view().slow()).isTrue();
        assertThat(fleet.reachable(at(3700)).get(WORKER).slow()).isFalse();
    }
}
