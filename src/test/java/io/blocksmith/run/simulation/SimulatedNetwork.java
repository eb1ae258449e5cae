package io.blocksmith.run.simulation;

import io.blocksmith.simulate.VirtualTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Carries messages between hosts: late, and while it is bad out of order, twice or not at all. */
final class SimulatedNetwork {
    private final VirtualTime time;
    private final Random random;
    private final Map<String, Integer> sides = new HashMap<>();
    private boolean bad;
    private boolean late;

    SimulatedNetwork(VirtualTime time, Random random) {
        this.time = time;
        this.random = random;
    }

    /** Whether messages get lost, repeated and long delayed from now on. */
    void bad(boolean now) {
        bad = now;
    }

    /** Whether messages come once more, up to a minute later: also after the end of whoever sent or should get them. */
    void late(boolean now) {
        late = now;
    }

    /** Hosts on different sides cannot reach each other; every host begins on side 0. */
    void place(String host, int side) {
        sides.put(host, side);
    }

    void heal() {
        sides.clear();
    }

    boolean isWhole() {
        return sides.values().stream().allMatch(side -> side == 0);
    }

    boolean connected(String one, String other) {
        return sides.getOrDefault(one, 0).equals(sides.getOrDefault(other, 0));
    }

    void send(String from, String to, Runnable delivery) {
        if (bad && random.nextInt(100) < 12) {
            return;
        }
        int copies = bad && random.nextInt(100) < 12 ? 2 : 1;
        for (int copy = 0; copy < copies; copy++) {
            deliver(from, to, 2 + random.nextInt(bad ? 4000 : 30), delivery);
        }
        if (late && random.nextInt(100) < 20) {
            deliver(from, to, 1000 + random.nextInt(60_000), delivery);
        }
    }

    private void deliver(String from, String to, int delay, Runnable delivery) {
        time.after(delay, () -> {
            if (connected(from, to)) {
                delivery.run();
            }
        });
    }
}
