package io.blocksmith.cli;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.config.Settings;
import io.blocksmith.http.ApiServer;
import io.blocksmith.http.ApiSettings;
import io.blocksmith.http.RunDirectory;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * API and page of a run in one process. They have an actor system of their own, because that of the run begins after its
 * inputs were checked and ends before its outcome is told.
 */
final class EmbeddedApi implements AutoCloseable {
    /** What serves; empty when nothing does. */
    private final Optional<Serving> serving;

    private record Serving(ActorSystem<Void> system, ApiServer server) {}

    private EmbeddedApi(Optional<Serving> serving) {
        this.serving = serving;
    }

    /** Serves the run in {@code folder}, if a port is set; it need not be there yet. */
    static EmbeddedApi start(Settings settings, Path folder) {
        if (settings.http().port() == 0) {
            return new EmbeddedApi(Optional.empty());
        }
        NodeApi.require(settings);
        ApiSettings api = NodeApi.of(settings.http());
        ActorSystem<Void> system =
                ActorSystem.create(Behaviors.empty(), "blocksmith-http", ConfigFactory.load("embedded"));
        try {
            ApiServer server = ApiServer.start(system, api, new Directory(folder), RunHolder.PROCESSES, () -> true);
            NodeApi.announce(server);
            return new EmbeddedApi(Optional.of(new Serving(system, server)));
        } catch (RuntimeException failure) {
            system.terminate();
            throw failure;
        }
    }

    @Override
    public void close() {
        serving.ifPresent(running -> {
            running.server().close();
            running.system().terminate();
        });
    }

    private record Directory(Path folder) implements RunDirectory {
        @Override
        public List<String> names() {
            try (ObjectStore store = DirectoryStore.open(folder)) {
                return store.find(RunNames.SPEC).isPresent()
                        ? List.of(folder.getFileName().toString())
                        : List.of();
            }
        }

        @Override
        public String where(String run) {
            return folder.toString();
        }

        @Override
        public ObjectStore look(String run) {
            return DirectoryStore.open(folder);
        }

        @Override
        public ObjectStore write(String run) {
            return DirectoryStore.openForWriting(folder, "api-" + UUID.randomUUID());
        }
    }
}
