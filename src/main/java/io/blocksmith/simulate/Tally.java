package io.blocksmith.simulate;

import java.util.EnumMap;
import java.util.Map;

/** What a simulated run has cost so far. */
final class Tally {
    private double computing;
    private double storing;
    private double down;
    private double lostComputing;
    private long lostSteps;
    private int failures;
    private int takeovers;
    private final Map<Traffic, Double> traffic = new EnumMap<>(Traffic.class);

    Tally() {
        for (Traffic kind : Traffic.values()) {
            traffic.put(kind, 0.0);
        }
    }

    void computed(double seconds) {
        computing += seconds;
    }

    void stored(double seconds) {
        storing += seconds;
    }

    void wasDown(double seconds) {
        down += seconds;
    }

    void moved(Traffic kind, double bytes) {
        traffic.merge(kind, bytes, Double::sum);
    }

    /** Computing that went into no result, and the steps that have to be taken again. */
    void lost(double seconds, long steps) {
        lostComputing += seconds;
        lostSteps += steps;
    }

    void nodeFailed() {
        failures++;
    }

    void supervisorFailed() {
        takeovers++;
    }

    RunFigures figures(
            boolean completed, String ending, double seconds, double blockSeconds, double endToEndSeconds, int nodes) {
        return new RunFigures(
                completed,
                ending,
                seconds,
                blockSeconds,
                endToEndSeconds,
                nodes,
                computing,
                storing,
                down,
                lostComputing,
                lostSteps,
                failures,
                takeovers,
                new EnumMap<>(traffic));
    }
}
