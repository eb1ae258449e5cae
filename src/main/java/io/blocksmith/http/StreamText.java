package io.blocksmith.http;

import akka.util.ByteString;
import java.time.Duration;
import java.util.function.LongSupplier;

/** What one listener of a stream is sent, look by look: server-sent events as text. */
final class StreamText {
    private static final ByteString END = ByteString.fromString("\n\n");

    private final StreamPace pace;
    private final LongSupplier nanoTime;
    private long number;
    private String sentTag = "";
    private long sentAt;
    private long remarkedAt;

    StreamText(StreamPace pace, LongSupplier nanoTime) {
        this.pace = pace;
        this.nanoTime = nanoTime;
        this.remarkedAt = nanoTime.getAsLong();
    }

    /** A look that succeeded; empty when there is nothing to say. */
    ByteString seen(OpenRun.Seen seen) {
        if (seen.tag().equals(sentTag) && !isOver(pace.atLeastEvery(), sentAt)) {
            return remark();
        }
        sentTag = seen.tag();
        return remark().concat(event("status", seen.document()));
    }

    /** A look that failed, whose reason is sent as often as an unchanged document. */
    ByteString failed(Throwable failure) {
        if (sentTag.isEmpty() && number > 0 && !isOver(pace.atLeastEvery(), sentAt)) {
            return remark();
        }
        sentTag = "";
        return remark().concat(event("trouble", ByteString.fromArrayUnsafe(Json.write(Refusal.of(failure).tree()))));
    }

    private ByteString event(String name, ByteString data) {
        // Whoever loses the stream comes back soon: another node may have taken the run over.
        String first = number == 0 ? "retry: 2000\n" : "";
        number++;
        sentAt = nanoTime.getAsLong();
        return ByteString.fromString("%sid: %d\nevent: %s\ndata: ".formatted(first, number, name))
                .concat(data)
                .concat(END);
    }

    private ByteString remark() {
        if (!isOver(pace.remarkEvery(), remarkedAt)) {
            return ByteString.emptyByteString();
        }
        remarkedAt = nanoTime.getAsLong();
        return ByteString.fromString(": still here\n\n");
    }

    private boolean isOver(Duration time, long since) {
        return nanoTime.getAsLong() - since >= time.toNanos();
    }
}
