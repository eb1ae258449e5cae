package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.ExtendedActorSystem;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.ClusterEvent.MemberEvent;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.cluster.wire.KryoSerializer;
import io.blocksmith.cluster.wire.Wire;
import io.blocksmith.cluster.wire.WireSchema;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.LargeResults;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.io.NotSerializableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The configuration of a cluster's nodes at work, with nodes that talk in plain text. */
class ClusterConfTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String PONG_ACTOR = "pong";

    record Ping(Instant sent, ActorRef<Pong> replyTo) implements Wire {}

    record Pong(Instant sent) implements Wire {}

    /** Made by Akka. */
    public static final class PingSerializer extends KryoSerializer {
        public PingSerializer(ExtendedActorSystem system) {
            super(system, 42, WireSchema.empty().with(100, Ping.class).with(101, Pong.class));
        }
    }

    private static final Config PINGS =
            ConfigFactory.parseString("akka.actor.serializers.blocksmith = \"" + PingSerializer.class.getName() + "\"");

    private final Nodes nodes = new Nodes();

    @AfterEach
    void shutDown() {
        nodes.close();
    }

    @Test
    void aMessageAndTheActorInItReachAnotherNode() throws Exception {
        ActorSystem<MemberEvent> seed = nodes.start(PINGS);
        ActorSystem<MemberEvent> member = nodes.start(PINGS);
        nodes.join(seed, seed);
        nodes.join(member, seed);
        nodes.awaitUp(member, seed, member);
        ActorRef<Ping> there = seed.systemActorOf(answering(), PONG_ACTOR, Props.empty());
        ActorRef<Ping> remote = ActorRefResolver.get(member)
                .resolveActorRef(ActorRefResolver.get(seed).toSerializationFormat(there));
        Instant now = Instant.parse("2026-11-22T02:00:00.123456789Z");
        assertThat(remote.path().address()).isEqualTo(Nodes.address(seed));
        assertThat(AskPattern.<Ping, Pong>ask(remote, replyTo -> new Ping(now, replyTo), PATIENCE, member.scheduler())
                        .toCompletableFuture()
                        .get())
                .isEqualTo(new Pong(now));
    }

    private static Behavior<Ping> answering() {
        return Behaviors.receiveMessage(ping -> {
            ping.replyTo().tell(new Pong(ping.sent()));
            return Behaviors.same();
        });
    }

    @Test
    void theEndOfABlockOfA70BModelReachesAnotherNode() throws Exception {
        ActorSystem<MemberEvent> seed = nodes.start();
        ActorSystem<MemberEvent> member = nodes.start();
        nodes.join(seed, seed);
        nodes.join(member, seed);
        nodes.awaitUp(member, seed, member);
        CompletableFuture<RunSupervisor.Command> heard = new CompletableFuture<>();
        ActorRef<RunSupervisor.Command> there = seed.systemActorOf(
                Behaviors.receiveMessage(message -> {
                    heard.complete(message);
                    return Behaviors.same();
                }),
                "supervisor",
                Props.empty());
        ActorRef<RunSupervisor.Command> remote = ActorRefResolver.get(member)
                .resolveActorRef(ActorRefResolver.get(seed).toSerializationFormat(there));
        Ticket ticket = new Ticket("run", new TrainBlock(7), 1, 1);
        RunSupervisor.AttemptEnded sent = new RunSupervisor.AttemptEnded(
                ticket,
                "worker-1",
                new Outcome.Done(LargeResults.of(ticket)),
                member.<WorkerNode.Command>systemActorOf(Behaviors.ignore(), "worker", Props.empty()));
        byte[] bytes = SerializationExtension.get(Adapter.toClassic(member))
                .serialize(sent)
                .get();
        long frame = seed.settings().config().getBytes("akka.remote.artery.advanced.maximum-frame-size");
        assertThat(bytes.length).isBetween(1 << 20, (int) (frame / 4));
        remote.tell(sent);
        assertThat(heard.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOfSatisfying(RunSupervisor.AttemptEnded.class, ended -> {
                    assertThat(ended.ticket()).isEqualTo(ticket);
                    assertThat(ended.outcome()).isEqualTo(sent.outcome());
                });
    }

    @Test
    void aNodeOfAnotherSchemaEndsInsteadOfJoining() {
        ActorSystem<MemberEvent> seed = nodes.start();
        nodes.join(seed, seed);
        nodes.awaitUp(seed, seed);
        ActorSystem<MemberEvent> newer =
                nodes.start(ConfigFactory.parseString("blocksmith.cluster.wire-schema = k1-00000000"));
        nodes.join(newer, seed);
        Nodes.awaitEnd(newer);
        assertThat(nodes.everSeen(seed)).doesNotContain(Nodes.address(newer));
    }

    @Test
    void onlyMarkedMessagesHaveASerializer() throws NotSerializableException {
        Serialization serialization = SerializationExtension.get(Adapter.toClassic(nodes.start()));
        assertThat(serialization.serializerFor(Wire.class)).isInstanceOf(MessageSerializer.class);
        assertThatThrownBy(() -> serialization.serializerFor(Adjustment.class))
                .hasMessageContaining("No configured serialization-bindings");
        assertThatThrownBy(() -> serialization.serialize(new ArrayList<>()).get())
                .hasMessageContaining("Java serialization");
    }
}
