package io.blocksmith.config;

import com.typesafe.config.Config;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.spec.Recipe;
import java.time.Duration;
import java.util.List;

/**
 * All that a user may set. Only the recipe decides the bytes of the result and is fixed for a run's life; everything else
 * may change when the run is resumed.
 *
 * @param compute where to compute
 * @param checkpoint how often work in progress is saved
 * @param run what {@code blocksmith submit} submits
 * @param cluster where this node listens and whom it joins
 * @param patience when something counts as lost, stuck or hopeless
 * @param s3 how an S3-compatible store is reached
 * @param metrics where Prometheus finds this process
 * @param http where people and programs find the API and the page
 * @param webhook whom to tell of changes of a run
 * @param akka settings of Akka's own, over ours
 */
public record Settings(
        Recipe recipe,
        Compute compute,
        Checkpoint checkpoint,
        Run run,
        Cluster cluster,
        Patience patience,
        S3 s3,
        Metrics metrics,
        Http http,
        Webhook webhook,
        Config akka) {

    /** These settings for another recipe. */
    public Settings with(Recipe other) {
        return new Settings(other, compute, checkpoint, run, cluster, patience, s3, metrics, http, webhook, akka);
    }

    /** These settings with the API elsewhere. */
    public Settings with(Http other) {
        return new Settings(recipe, compute, checkpoint, run, cluster, patience, s3, metrics, other, webhook, akka);
    }

    /**
     * Saving of a training that is under way.
     *
     * @param interval time from one save to the next; what is lost with a worker is at most this and a step
     */
    public record Checkpoint(Duration interval) {
        public Checkpoint {
            requirePositive("checkpoint.interval", interval);
        }
    }

    /**
     * The device of this process.
     *
     * @param device {@code auto}, {@code cpu}, {@code gpu0}, {@code gpu1}, ...
     * @param threads CPU threads of one operation; 0 = one for each core
     */
    public record Compute(String device, int threads) {
        public Compute {
            if (!device.matches("auto|cpu|gpu[0-9]{1,3}")) {
                throw BlocksmithException.user("compute.device = %s: expected auto, cpu, gpu0, gpu1, ...", device);
            }
            if (threads < 0) {
                throw BlocksmithException.user("compute.threads = %d: expected 0 (one for each core) or more", threads);
            }
        }
    }

    /**
     * A run to submit; all empty where a command takes them otherwise.
     *
     * @param name of the run among those of the cluster
     * @param model folder of the model, at the same path on every node
     * @param calibration file that calibration windows come from
     * @param evaluation file that perplexities are measured on, or empty
     */
    public record Run(String name, String model, String calibration, String evaluation) {
        public Run {
            if (!name.matches("[A-Za-z0-9_.-]{0,100}") || name.startsWith(".")) {
                throw BlocksmithException.user(
                        "run.name = %s: expected at most 100 letters, digits, '-', '_' and '.', not a '.' first", name);
            }
        }
    }

    /**
     * One node of a cluster.
     *
     * @param name of the cluster, the same on all nodes
     * @param host name or address that the other nodes reach this one at
     * @param port TCP port; 0 = any free one
     * @param plaintext whether the port may listen where anybody reaches it although it is not encrypted
     * @param discovery how this node finds the others
     * @param seeds {@code host:port} of coordinators; the first founds the cluster
     * @param runs where run folders are: a folder or {@code s3://bucket/prefix}, the same on all nodes
     * @param worker name of this worker, unique and the same after a restart; {@code auto} = host, device and port
     * @param lookEvery how often a supervisor looks at clocks, requests and the store
     */
    public record Cluster(
            String name,
            String host,
            int port,
            boolean plaintext,
            Discovery discovery,
            List<String> seeds,
            String runs,
            String worker,
            Duration lookEvery) {

        /** Where the addresses of coordinators come from. */
        public enum Discovery {
            /** The list {@code cluster.seeds}. */
            SEEDS,
            /** The Kubernetes API. */
            KUBERNETES
        }

        public Cluster {
            seeds = List.copyOf(seeds);
            requirePort("cluster.port", port);
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
                throw BlocksmithException.user("cluster.name = %s: expected letters, digits, '-' and '_'", name);
            }
            requirePositive("cluster.look-every", lookEvery);
        }
    }

    /**
     * When a supervisor gives something up.
     *
     * @param lease how long a worker may be out of reach before its work is given to others
     * @param tries failures of one stage, without progress between them, that stop the run
     * @param lostWorkers workers that one stage may lose in a row without progress
     * @param quarantineFaults failures of a worker within the window that make others preferred
     * @param quarantineWindow over which they are counted
     * @param firstSign silence allowed before it is known how often an attempt speaks
     * @param leastSilence silence that is always allowed afterwards
     * @param silenceFactor silence allowed as a multiple of the longest step seen in the same phase
     * @param stuckAfter time that a cancelled step may take to end before its worker gives itself up
     */
    public record Patience(
            Duration lease,
            int tries,
            int lostWorkers,
            int quarantineFaults,
            Duration quarantineWindow,
            Duration firstSign,
            Duration leastSilence,
            int silenceFactor,
            Duration stuckAfter) {
        public Patience {
            requirePositive("patience.lease", lease);
            requirePositive("patience.quarantine-window", quarantineWindow);
            requirePositive("patience.first-sign", firstSign);
            requirePositive("patience.least-silence", leastSilence);
            requirePositive("patience.stuck-after", stuckAfter);
            requirePositive("patience.tries", tries);
            requirePositive("patience.lost-workers", lostWorkers);
            requirePositive("patience.quarantine-faults", quarantineFaults);
            requirePositive("patience.silence-factor", silenceFactor);
        }
    }

    /**
     * An S3-compatible store; credentials come from the AWS SDK's own chain.
     *
     * @param endpoint URL of the service, or empty for AWS
     * @param region of the bucket, or empty for the SDK's own choice
     * @param pathStyle whether the bucket is part of the path, as most servers other than AWS want it
     * @param cache local folder for objects that are read or written
     * @param cacheBytes largest size of that folder
     */
    public record S3(String endpoint, String region, boolean pathStyle, String cache, long cacheBytes) {
        public S3 {
            if (cacheBytes < 1) {
                throw BlocksmithException.user("s3.cache-bytes = %d: expected 1 or more", cacheBytes);
            }
        }
    }

    /**
     * Metrics for Prometheus.
     *
     * @param host address to listen at
     * @param port TCP; 0 = none
     */
    public record Metrics(String host, int port) {
        public Metrics {
            requirePort("metrics.port", port);
        }
    }

    /**
     * The API and the live page of a process that supervises.
     *
     * @param host address to listen at; one beyond loopback needs a token
     * @param port TCP; 0 = none
     * @param token that a request must carry to change anything, and beyond loopback to see anything; empty = nothing can
     *     be changed
     * @param peers base addresses of the same API on the other coordinators, for a page whose coordinator is gone
     */
    public record Http(String host, int port, String token, List<String> peers) {
        public Http {
            peers = List.copyOf(peers);
            requirePort("http.port", port);
        }

        /** Without the token, which is secret. */
        @Override
        public String toString() {
            return "Http[host=%s, port=%d, peers=%s]".formatted(host, port, peers);
        }
    }

    /**
     * Calls to an address of the user's when a run changes.
     *
     * @param url where to send them, often a secret itself; empty = nowhere
     * @param token sent as a bearer token; empty = none
     * @param events names of the changes to tell of
     */
    public record Webhook(String url, String token, List<String> events) {
        public Webhook {
            events = List.copyOf(events);
        }

        /** Without address and token, which are secret. */
        @Override
        public String toString() {
            return "Webhook[events=%s]".formatted(events);
        }
    }

    private static void requirePort(String key, int port) {
        if (port < 0 || port > 65535) {
            throw BlocksmithException.user("%s = %d: expected 0 to 65535", key, port);
        }
    }

    private static void requirePositive(String key, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw BlocksmithException.user("%s = %s: expected a duration above 0, e.g. 120s", key, value);
        }
    }

    private static void requirePositive(String key, int value) {
        if (value < 1) {
            throw BlocksmithException.user("%s = %d: expected 1 or more", key, value);
        }
    }
}
