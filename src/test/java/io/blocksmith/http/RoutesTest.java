package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RoutesTest {
    private final ActorSystem<Void> system =
            ActorSystem.create(Behaviors.empty(), "test", ConfigFactory.load("embedded"));

    @AfterEach
    void end() {
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
    }

    @Test
    void anAnswerThatTakesTooLongIsAnErrorLikeOthersAndGoesOnForThoseWhoWait() throws Exception {
        CompletableFuture<HttpResponse> slow = new CompletableFuture<>();
        Routes routes = new Routes(
                new Access(TestServer.settings("127.0.0.1", ""), "http://127.0.0.1:1"),
                new RequestBody(system),
                List.of(new Route("GET", "/api/v1/runs", call -> slow)),
                Duration.ofMillis(50));

        HttpResponse answer = routes.answer(HttpRequest.create("http://localhost/api/v1/runs"))
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);

        assertThat(answer.status().intValue()).isEqualTo(503);
        String body = answer.entity()
                .toStrict(1000, system)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS)
                .getData()
                .utf8String();
        assertThat(TestServer.json(body).get("error").get("what").asText()).contains("has not answered");
        assertThat(slow).isNotDone();
    }

    @Test
    void theRoutesGiveUpBeforeTheServerDoes() {
        Config server =
                ConfigFactory.parseResources(ApiServer.class, "/http.conf").getConfig("akka.http.server");

        assertThat(Routes.PATIENCE).isLessThan(server.getDuration("request-timeout"));
    }
}
