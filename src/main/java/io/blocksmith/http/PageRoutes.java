package io.blocksmith.http;

import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpCharsets;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.util.ByteString;
import io.blocksmith.report.ReportPage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** The live page and its parts, all from the class path: it needs no other server. */
final class PageRoutes {
    private static final String FOLDER = "/io/blocksmith/page/";
    private static final String CHART = "chart.js";

    private static final Map<String, ContentType> TYPES = Map.of(
            "html", ContentTypes.TEXT_HTML_UTF8,
            "js", MediaTypes.APPLICATION_JAVASCRIPT.toContentType(HttpCharsets.UTF_8),
            "css", MediaTypes.TEXT_CSS.toContentType(HttpCharsets.UTF_8),
            "svg", MediaTypes.IMAGE_SVG_XML.toContentType(),
            "png", MediaTypes.IMAGE_PNG.toContentType(),
            "json", ContentTypes.APPLICATION_JSON);

    private final String policy;
    private final Map<String, Optional<Part>> parts = new ConcurrentHashMap<>();

    private record Part(ByteString content, ContentType type, String tag) {}

    PageRoutes(ApiSettings settings) {
        // Scripts and styles from this server only, and connections to it and its peers: what a run or worker is called
        // can make the page do nothing.
        this.policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src"
                + " 'self' %s; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                        .formatted(String.join(" ", settings.peers()));
    }

    List<Route> routes() {
        return List.of(
                new Route("GET", "/", call -> answer(call, "index.html")),
                new Route(
                        "GET",
                        "/assets/{name}",
                        call -> answer(call, call.parameters().get("name"))));
    }

    private CompletionStage<HttpResponse> answer(Route.Call call, String name) {
        Part part = find(name).orElseThrow(() -> Refusal.of(404, "the page has no such part"));
        HttpResponse answer = EntityTag.unlessSeen(
                call.request(),
                part.tag(),
                () -> HttpResponse.create().withEntity(HttpEntities.create(part.type(), part.content())));
        return CompletableFuture.completedStage(answer.addHeader(Answers.header("Cache-Control", "no-cache"))
                .addHeader(Answers.header("Content-Security-Policy", policy))
                .addHeader(Answers.header("Referrer-Policy", "no-referrer")));
    }

    /** A part by its plain name; what has another form is none. */
    private Optional<Part> find(String name) {
        // Names that are no part's are not kept: anybody may ask for any number of them.
        return name.matches("[a-z0-9][a-z0-9-]*(\\.[a-z0-9-]+)*\\.[a-z]+")
                ? parts.containsKey(name) ? parts.get(name) : load(name)
                : Optional.empty();
    }

    private Optional<Part> load(String name) {
        ContentType type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
        if (type == null) {
            return Optional.empty();
        }
        Optional<byte[]> content = name.equals(CHART)
                ? Optional.of(ReportPage.chartJs().getBytes(StandardCharsets.UTF_8))
                : Resources.find(FOLDER + name);
        Optional<Part> part = content.map(bytes -> new Part(ByteString.fromArrayUnsafe(bytes), type, EntityTag.of(bytes)));
        part.ifPresent(found -> parts.put(name, part));
        return part;
    }
}
