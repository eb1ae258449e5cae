package io.blocksmith.cli;

import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.status.EventJson;
import io.blocksmith.webhook.Webhook;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Tells the user's webhook of the changes that this process makes durable, if there is one. */
final class Notices implements AutoCloseable {
    private final Optional<Webhook> webhook;
    private final Set<String> kinds;

    private Notices(Optional<Webhook> webhook, Set<String> kinds) {
        this.webhook = webhook;
        this.kinds = kinds;
    }

    /**
     * Makes ready.
     *
     * @throws BlocksmithException USER when the settings name no address or no change
     */
    static Notices start(Settings.Webhook settings, Webhook.Results results) {
        Set<String> unknown = new TreeSet<>(settings.events());
        unknown.removeAll(EventJson.KINDS);
        if (!unknown.isEmpty()) {
            throw BlocksmithException.user("webhook.events: %s; expected any of %s", unknown, EventJson.KINDS);
        }
        return new Notices(
                settings.url().isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Webhook(settings.url(), settings.token(), Webhook.standardPauses(), results)),
                Set.copyOf(settings.events()));
    }

    /** What hears of the changes of a run; nothing where nobody is to be told. */
    List<RunListener> supervised() {
        return webhook.<List<RunListener>>map(found -> List.of(new Teller(found, kinds)))
                .orElse(List.of());
    }

    private record Teller(Webhook webhook, Set<String> kinds) implements RunListener {
        @Override
        public void recorded(Event event, RunState after) {
            Map<String, Object> told = EventJson.of(event);
            if (kinds.contains(told.get("kind"))) {
                webhook.tell(after.run(), told);
            }
        }

        @Override
        public void progressed(Progress progress) {
            // Only what is durable is told.
        }
    }

    @Override
    public void close() {
        webhook.ifPresent(Webhook::close);
    }
}
