package io.blocksmith.status;

import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.StageState.Running;
import java.util.List;
import java.util.Optional;

/** What requests do to a run, as its ledger shows it. */
public final class RequestEffect {
    private RequestEffect() {}

    /** The word for the request. */
    public static String name(Request request) {
        return switch (request) {
            case Request.Pause _ -> "pause";
            case Request.Resume _ -> "resume";
            case Request.Cancel _ -> "cancel";
            case Request.Retry retry -> "retry " + retry.stage().key();
            case Request.Drain drain -> "drain " + drain.worker();
            case Request.Undrain undrain -> "undrain " + undrain.worker();
        };
    }

    /** Why the request would change nothing, before it is made. */
    public static Optional<String> alreadySo(Request request, RunState state) {
        return switch (request) {
            case Request.Pause _ ->
                state.phase() == Phase.PAUSED && state.running().isEmpty()
                        ? Optional.of("it is paused already")
                        : Optional.empty();
            case Request.Resume _ ->
                state.phase() == Phase.RUNNING ? Optional.of("it is not paused") : Optional.empty();
            case Request.Cancel _ ->
                state.phase() == Phase.STOPPED ? Optional.of("it is stopped already") : Optional.empty();
            case Request.Retry _ -> Optional.empty();
            case Request.Drain(var _, String worker) ->
                state.drained().contains(worker) && idle(state, worker)
                        ? Optional.of("%s is drained already".formatted(worker))
                        : Optional.empty();
            case Request.Undrain(var _, String worker) ->
                state.drained().contains(worker)
                        ? Optional.empty()
                        : Optional.of("%s is not drained".formatted(worker));
        };
    }

    /** What has happened, once the whole effect is there. */
    public static Optional<String> shown(Request request, RunState now, List<Event> since) {
        return switch (request) {
            case Request.Pause _ ->
                now.phase() == Phase.PAUSED && now.running().isEmpty()
                        ? Optional.of("paused; nothing runs, everything is saved")
                        : Optional.empty();
            case Request.Resume _ -> now.phase() == Phase.RUNNING ? Optional.of("it goes on") : Optional.empty();
            case Request.Cancel _ ->
                now.phase() == Phase.STOPPED
                        ? Optional.of("cancelled; it can be started again and goes on from what it saved")
                        : Optional.empty();
            case Request.Retry(var _, var stage) ->
                since.stream()
                                .anyMatch(event -> event instanceof StageReset reset
                                        && reset.stage().equals(stage))
                        ? Optional.of("%s starts afresh".formatted(stage.key()))
                        : Optional.empty();
            case Request.Drain(var _, String worker) ->
                now.drained().contains(worker) && idle(now, worker)
                        ? Optional.of("%s is drained: it runs nothing and gets nothing".formatted(worker))
                        : Optional.empty();
            case Request.Undrain(var _, String worker) ->
                now.drained().contains(worker) ? Optional.empty() : Optional.of("%s gets work again".formatted(worker));
        };
    }

    /** What is still under way when the effect is not whole. */
    public static String soFar(Request request, RunState now) {
        List<String> saving = now.running().stream()
                .map(running -> running.ticket().stage().key())
                .toList();
        return switch (request) {
            case Request.Pause _ ->
                now.phase() == Phase.PAUSED ? "paused; still saving: " + String.join(", ", saving) : "";
            case Request.Drain(var _, String worker) ->
                now.drained().contains(worker) ? "%s gets no more work; it is still saving".formatted(worker) : "";
            case Request.Retry(var _, var stage) ->
                now.stage(stage) instanceof Running ? "%s runs now; pause or wait first".formatted(stage.key()) : "";
            case Request.Resume _, Request.Cancel _, Request.Undrain _ -> "";
        };
    }

    private static boolean idle(RunState state, String worker) {
        return state.running().stream().noneMatch(running -> running.worker().equals(worker));
    }
}
