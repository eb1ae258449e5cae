package io.blocksmith.estimate;

import io.blocksmith.spec.Recipe;

/**
 * Memory of the process beside the device's, in bytes. On a CPU, device memory comes on top. Mapped checkpoint pages are
 * not counted: the system takes them back when it needs them.
 *
 * @param engine the JVM without heap, libtorch and its compiled kernels: about 350 MB
 * @param heap the launcher's bound on the Java heap, 512 MB
 * @param buffers hidden states read and written ahead: two streams of two batches each
 */
public record HostMemory(long engine, long heap, long buffers) {
    private static final long ENGINE = 350L << 20;
    private static final long HEAP = 512L << 20;

    static HostMemory of(int hidden, Recipe recipe) {
        long batch = DiskSpace.layout(hidden, recipe).sampleBytes()
                * recipe.blockAp().batchSize();
        return new HostMemory(ENGINE, HEAP, 4 * batch);
    }

    public long total() {
        return engine + heap + buffers;
    }
}
