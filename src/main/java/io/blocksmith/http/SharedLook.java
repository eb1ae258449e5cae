package io.blocksmith.http;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Something that is looked up when somebody asks, shared by all who ask within a while. No two looks overlap, so however
 * many ask of a store that does not answer, one thread waits for it.
 */
final class SharedLook<T> {
    private final Supplier<T> look;
    private final Duration lasts;
    private final LongSupplier nanoTime;
    private final Executor threads;

    private CompletableFuture<T> latest = CompletableFuture.failedFuture(new IllegalStateException("never looked"));
    private boolean looked;
    /** Whether {@link #latest} waits for the look before it to end. */
    private boolean queued;

    private long since;

    /**
     * Makes one that has not looked yet.
     *
     * @param look may wait for a store
     * @param lasts how long what was seen is good enough, from the start of the look
     * @param threads that may wait
     */
    SharedLook(Supplier<T> look, Duration lasts, LongSupplier nanoTime, Executor threads) {
        this.look = look;
        this.lasts = lasts;
        this.nanoTime = nanoTime;
        this.threads = threads;
    }

    /** What was seen lately, or is about to be. */
    CompletionStage<T> lately() {
        return lately(seen -> lasts);
    }

    /** The same, where what was seen tells for how long it is good enough. */
    synchronized CompletionStage<T> lately(Function<T, Duration> lasting) {
        if (looked && !latest.isDone()) {
            return latest;
        }
        Duration good = looked && !latest.isCompletedExceptionally() ? lasting.apply(latest.resultNow()) : lasts;
        return looked && nanoTime.getAsLong() - since < good.toNanos() ? latest : afresh();
    }

    /** What a look shows that begins now, or as soon as the one under way has ended; all who ask till then share it. */
    synchronized CompletionStage<T> afresh() {
        if (!queued) {
            looked = true;
            queued = true;
            since = nanoTime.getAsLong();
            latest = latest.handle((seen, failure) -> failure).thenApplyAsync(ignored -> begun(), threads);
        }
        return latest;
    }

    private T begun() {
        synchronized (this) {
            queued = false;
        }
        return look.get();
    }
}
