package io.blocksmith.cli;

import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.status.EventJson;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.webhook.Webhook;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the user's webhook of the changes that this process makes durable, if there is one. */
final class Notices implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Notices.class);

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

    /** What hears of the changes of the run in {@code store}; nothing where nobody is to be told. */
    List<RunListener> supervised(ObjectStore store) {
        return webhook.<List<RunListener>>map(found -> List.of(new Teller(found, kinds, new Ledger(store))))
                .orElse(List.of());
    }

    /** Tells of changes with their numbers in the ledger, by which a repeated call is recognised. */
    private record Teller(Webhook webhook, Set<String> kinds, Ledger ledger) implements RunListener {
        @Override
        public void recorded(Event event, RunState after) {
            Map<String, Object> about = EventJson.of(event);
            if (kinds.contains(about.get("kind"))) {
                Map<String, Object> told = new LinkedHashMap<>();
                told.put("sequence", sequence(event));
                told.putAll(about);
                webhook.tell(after.run(), told);
            }
        }

        /** Null when the store cannot be read just now: what happened is told all the same. */
        private Integer sequence(Event event) {
            try {
                int index = ledger.events().lastIndexOf(event);
                return index < 0 ? null : index + 1;
            } catch (BlocksmithException unreadable) {
                LOG.warn("the webhook is told of a change without its number: {}", unreadable.getMessage());
                return null;
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
