package io.blocksmith.cli;

import akka.actor.typed.ActorSystem;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import io.blocksmith.config.Settings;
import io.blocksmith.http.ApiServer;
import io.blocksmith.http.ApiSettings;
import io.blocksmith.http.RunDirectory;
import io.blocksmith.store.ObjectStore;
import java.util.List;
import java.util.UUID;

/** API and page of a coordinator: all runs of the cluster, whichever coordinator supervises them. */
final class NodeApi {
    private NodeApi() {}

    /** Refuses settings that nobody could serve by, before the node has begun anything. */
    static void require(Settings settings) {
        if (settings.http().port() != 0) {
            ApiServer.requireFree(of(settings.http()));
        }
    }

    /** Serves until {@code system} shuts down, if a port is set. */
    static void serve(ActorSystem<?> system, Settings settings) {
        if (settings.http().port() == 0) {
            return;
        }
        Cluster cluster = Cluster.get(system);
        ApiServer server = ApiServer.start(
                system,
                of(settings.http()),
                new Directory(settings),
                RunHolder.PROCESSES,
                () -> cluster.selfMember().status().equals(MemberStatus.up()));
        announce(server);
    }

    static ApiSettings of(Settings.Http http) {
        return new ApiSettings(http.host(), http.port(), http.token(), http.peers());
    }

    static void announce(ApiServer server) {
        System.err.println("page and API: " + server.address());
    }

    /** The runs of the cluster; the store of their queue stays open from the first look at it on. */
    static final class Directory implements RunDirectory {
        private final Settings settings;
        private final RunsFolder submitted;
        /** Null before the first look. */
        private ObjectStore queue;

        Directory(Settings settings) {
            this.settings = settings;
            this.submitted = folder();
        }

        @Override
        public synchronized List<String> names() {
            if (queue == null) {
                queue = submitted.queue();
            }
            return submitted.submitted(queue);
        }

        @Override
        public String where(String run) {
            return submitted.location(run);
        }

        @Override
        public ObjectStore look(String run) {
            return folder().look(run);
        }

        @Override
        public ObjectStore write(String run) {
            return folder().open(run);
        }

        @Override
        public synchronized void close() {
            if (queue != null) {
                queue.close();
                queue = null;
            }
        }

        /** Under a name of its own each time: a store that is opened for writing clears away what its owner left. */
        private RunsFolder folder() {
            return new RunsFolder(settings, "api-" + UUID.randomUUID());
        }
    }
}
