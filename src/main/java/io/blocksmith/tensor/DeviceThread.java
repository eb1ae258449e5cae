package io.blocksmith.tensor;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The one platform thread that runs a device's native work. libtorch keeps gradient mode, device and thread pools per
 * thread, so work must not wander between threads.
 */
public final class DeviceThread implements Executor, AutoCloseable {
    private final ExecutorService executor;

    public DeviceThread(Compute compute) {
        this.executor = Executors.newSingleThreadExecutor(task -> {
            Runnable prepared = () -> {
                compute.enterThread();
                task.run();
            };
            Thread thread = new Thread(prepared, "device-" + compute.device());
            thread.setDaemon(true);
            return thread;
        });
    }

    @Override
    public void execute(Runnable task) {
        executor.execute(task);
    }

    /** Takes no new work and waits for what runs now: its arrays must not be freed under it. */
    @Override
    public void close() {
        executor.close();
    }
}
