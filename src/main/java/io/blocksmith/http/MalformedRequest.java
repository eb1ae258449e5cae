package io.blocksmith.http;

import akka.event.LoggingAdapter;
import akka.http.DefaultParsingErrorHandler$;
import akka.http.ParsingErrorHandler;
import akka.http.javadsl.model.HttpResponse;
import akka.http.scaladsl.model.ErrorInfo;
import akka.http.scaladsl.model.StatusCode;
import akka.http.scaladsl.settings.ServerSettings;

/** Answers what is no request at all: too long, or no HTTP. {@code http.conf} names this class. */
final class MalformedRequest extends ParsingErrorHandler {
    /** Where Akka looks for the one object of a class that settings name. */
    @SuppressWarnings("unused")
    public static final MalformedRequest MODULE$ = new MalformedRequest();

    private MalformedRequest() {}

    /** The summary says what is wrong; the detail, which shows what was sent, might tell a token. */
    @Override
    public HttpResponse handle(StatusCode status, ErrorInfo error, LoggingAdapter log, ServerSettings settings) {
        DefaultParsingErrorHandler$.MODULE$.handle(status, error, log, settings);
        return Answers.error(
                Refusal.of(status.intValue(), "the request cannot be read").found(error.summary()));
    }
}
