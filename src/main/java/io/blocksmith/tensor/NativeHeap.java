package io.blocksmith.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The C heap that CPU arrays live in. glibc keeps what is freed, and steps of training leave it full of holes: without
 * trimming, resident memory was seen to reach nearly twice what is alive.
 */
public final class NativeHeap {
    private static final Optional<MethodHandle> MALLOC_TRIM = mallocTrim();

    /** A trim costs the page faults of the memory it gave back, 60 ms in a step of 180 MB of activations: not every step. */
    private static final long EVERY_NANOS = 2_000_000_000;

    private static long lastNanos = System.nanoTime();

    private NativeHeap() {}

    /**
     * Gives free pages back to the system, unless that was done a moment ago. Called between steps, on the device thread;
     * where the C library is not glibc, does nothing. No result depends on when it happens.
     */
    public static synchronized void trim() {
        long now = System.nanoTime();
        if (now - lastNanos >= EVERY_NANOS) {
            lastNanos = now;
            trimNow();
        }
    }

    /** Gives free pages back at once; what is resident then is what is alive, which a test for leaks wants to know. */
    static void trimNow() {
        if (MALLOC_TRIM.isPresent()) {
            try {
                int released = (int) MALLOC_TRIM.get().invokeExact(0L);
                assert released == 0 || released == 1;
            } catch (Throwable e) {
                throw new IllegalStateException("malloc_trim(0) failed", e);
            }
        }
    }

    @SuppressWarnings("restricted") // The descriptor is that of malloc_trim(3).
    private static Optional<MethodHandle> mallocTrim() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("malloc_trim")
                .map(symbol -> linker.downcallHandle(
                        symbol, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)));
    }
}
