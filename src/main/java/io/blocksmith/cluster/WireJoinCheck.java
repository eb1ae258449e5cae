package io.blocksmith.cluster;

import akka.cluster.ConfigValidation;
import akka.cluster.JoinConfigCompatChecker;
import akka.japi.Util;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import scala.collection.immutable.Seq;

/**
 * Keeps a node of another {@link WireTypes} out of the cluster: it would be a member to whom nobody can talk. Named in
 * {@code cluster.conf}; Akka makes it and asks it when nodes join.
 */
public final class WireJoinCheck extends JoinConfigCompatChecker {
    private static final String KEY = "blocksmith.cluster.wire-schema";

    /** What every node of a cluster has to have in its configuration, beside {@code cluster.conf}. */
    public static Config settings() {
        return ConfigFactory.parseMap(Map.of(KEY, WireTypes.SCHEMA.manifest()), "the schema of this version");
    }

    @Override
    public Seq<String> requiredKeys() {
        return Util.immutableSeq(List.of(KEY));
    }

    @Override
    public ConfigValidation check(Config toCheck, Config actual) {
        return JoinConfigCompatChecker.fullMatch(requiredKeys(), toCheck, actual);
    }
}
