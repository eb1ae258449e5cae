package io.blocksmith.http;

import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.headers.RawHeader;
import akka.util.ByteString;

/** Answers in JSON. */
final class Answers {
    private Answers() {}

    static HttpResponse json(int status, Object tree) {
        return json(status, ByteString.fromArrayUnsafe(Json.write(tree)));
    }

    static HttpResponse json(int status, ByteString document) {
        return HttpResponse.create()
                .withStatus(status)
                .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, document))
                .addHeader(header("Cache-Control", "no-store"));
    }

    static HttpResponse error(Throwable failure) {
        Refusal refusal = Refusal.of(failure);
        HttpResponse answer = json(refusal.status(), refusal.tree());
        return refusal.status() == 401 ? answer.addHeader(header("WWW-Authenticate", "Bearer")) : answer;
    }

    static HttpHeader header(String name, String value) {
        return RawHeader.create(name, value);
    }
}
