package io.blocksmith.http;

import akka.http.javadsl.coding.Coder;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpEntity;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.headers.AcceptEncoding;
import akka.http.javadsl.model.headers.ContentEncoding;
import akka.http.javadsl.model.headers.HttpEncodingRange;
import akka.http.javadsl.model.headers.HttpEncodings;
import akka.util.ByteString;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** Fewer bytes for those who take gzip, as browsers do: a run's document is mostly the same few words. */
final class Compression {
    /** What fits into a packet or two is no quicker for being smaller. */
    private static final int LEAST_BYTES = 2048;

    private Compression() {}

    /** The answer in gzip if it gains by that and {@code request} allows it; a stream is sent on piece by piece. */
    static HttpResponse of(HttpRequest request, HttpResponse answer) {
        if (answer.status().intValue() != 200 || !gains(answer.entity())) {
            return answer;
        }
        HttpResponse varying = answer.addHeader(Answers.header("Vary", "Accept-Encoding"));
        if (!takesGzip(request)) {
            return varying;
        }
        if (answer.entity() instanceof HttpEntity.Strict whole) {
            return varying.withEntity(HttpEntities.create(whole.getContentType(), gzip(whole.getData())))
                    .addHeader(ContentEncoding.create(HttpEncodings.GZIP));
        }
        return Coder.Gzip.encodeMessage(varying);
    }

    private static boolean gains(HttpEntity entity) {
        return entity.getContentType().mediaType().isCompressible()
                && (!(entity instanceof HttpEntity.Strict whole)
                        || whole.getData().size() >= LEAST_BYTES);
    }

    private static boolean takesGzip(HttpRequest request) {
        List<HttpEncodingRange> ranges = new ArrayList<>();
        request.getHeader(AcceptEncoding.class)
                .ifPresent(header -> header.getEncodings().forEach(ranges::add));
        ranges.removeIf(range -> !range.matches(HttpEncodings.GZIP));
        return !ranges.isEmpty() && ranges.stream().allMatch(range -> range.qValue() > 0);
    }

    private static ByteString gzip(ByteString content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream stream = new GZIPOutputStream(bytes)) {
            stream.write(content.toArrayUnsafe());
        } catch (IOException unexpected) {
            throw BlocksmithException.defect("writing to memory failed: %s", Reason.of(unexpected));
        }
        return ByteString.fromArrayUnsafe(bytes.toByteArray());
    }
}
