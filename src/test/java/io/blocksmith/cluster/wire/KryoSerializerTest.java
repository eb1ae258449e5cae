package io.blocksmith.cluster.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.ExtendedActorSystem;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.javadsl.Adapter;
import io.blocksmith.failure.BlocksmithException;
import java.io.NotSerializableException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class KryoSerializerTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final ExtendedActorSystem SYSTEM = (ExtendedActorSystem) Adapter.toClassic(KIT.system());

    record Known(int number, String text) {}

    record Stranger(int number) {}

    record StrangeMessage(int number) implements Wire {}

    enum Colour {
        RED,
        GREEN
    }

    static final class Older {
        private Older() {}

        record Known(int number) {}
    }

    private static final WireSchema SCHEMA =
            WireSchema.empty().with(100, Known.class).with(101, Colour.class);

    private final KryoSerializer serializer = Carrier.serializer(SYSTEM, SCHEMA);

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private Object roundTrip(Object message) throws NotSerializableException {
        return serializer.fromBinary(serializer.toBinary(message), serializer.manifest(message));
    }

    @Test
    void whatIsNotRegisteredIsRefusedByName() {
        assertThatThrownBy(() -> serializer.toBinary(new StrangeMessage(1)))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("StrangeMessage may not travel: add it at the end of WireTypes");
    }

    @Test
    void whatIsNotRegisteredIsRefusedInsideAMessage() {
        assertThatThrownBy(() -> serializer.toBinary(new Carrier(List.of(new Stranger(1)))))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("Carrier: ")
                .hasMessageContaining("Stranger may not travel");
    }

    @Test
    void arraysAreRefusedBecauseTensorsNeverTravel() {
        assertThatThrownBy(() -> serializer.toBinary(new Carrier(new float[8])))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("[F may not travel");
    }

    @Test
    void aRegisteredRecordWithoutTheMarkerIsNotSent() {
        assertThatThrownBy(() -> serializer.toBinary(new Known(1, "one")))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("does not implement Wire");
    }

    @Test
    void aRegisteredRecordWithoutTheMarkerIsNotTakenIn() {
        byte[] carried = serializer.toBinary(new Carrier(new Known(1, "one")));
        // The carrier's number is three bytes long; what follows is the record in it.
        byte[] bare = Arrays.copyOfRange(carried, 3, carried.length);
        assertThatThrownBy(() -> serializer.fromBinary(bare, serializer.manifest("")))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("not a message: " + Known.class.getName());
    }

    @Test
    void aClassByItsNameIsRefusedAndNotInitialised() {
        byte[] head = Arrays.copyOf(serializer.toBinary(new Carrier(1)), 3);
        byte[] name = Canary.class.getName().getBytes(StandardCharsets.US_ASCII);
        name[name.length - 1] |= (byte) 0x80;
        ByteBuffer forged = ByteBuffer.allocate(head.length + 2 + name.length)
                .put(head)
                .put(new byte[] {1, 0})
                .put(name)
                .flip();
        assertThatThrownBy(() -> serializer.fromBinary(forged, serializer.manifest("")))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("a class by its name");
        assertThat(System.getProperty(Canary.SUNG)).isNull();
    }

    @Test
    void aMessageOfAnotherSchemaIsRefused() {
        byte[] bytes = serializer.toBinary(new Carrier(1));
        assertThatThrownBy(() -> serializer.fromBinary(bytes, "k1-00000000"))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("schema k1-00000000, but this node has " + serializer.manifest(""));
    }

    @Test
    void bytesAfterTheMessageAreRefused() {
        byte[] bytes = serializer.toBinary(new Carrier(1));
        assertThatThrownBy(() -> serializer.fromBinary(Arrays.copyOf(bytes, bytes.length + 2), serializer.manifest("")))
                .isInstanceOf(NotSerializableException.class)
                .hasMessage("2 bytes are left after the message");
    }

    @Test
    void aMessageThatDoesNotFitItsFrameOverflowsItsBuffer() {
        ByteBuffer frame = ByteBuffer.allocate(100);
        Carrier large = new Carrier(List.of(new Known(1, "x".repeat(200))));
        assertThatThrownBy(() -> serializer.toBinary(large, frame)).isInstanceOf(BufferOverflowException.class);
    }

    @Test
    void afterARefusalTheNextMessageTravels() throws NotSerializableException {
        for (int round = 0; round < 40; round++) {
            assertThatThrownBy(() -> serializer.toBinary(new Carrier(new Stranger(1))))
                    .isInstanceOf(BlocksmithException.class);
            assertThatThrownBy(() -> serializer.fromBinary(new byte[] {1, 0, 'x'}, serializer.manifest("")))
                    .isInstanceOf(NotSerializableException.class);
            Carrier message = new Carrier(new Known(round, "after"));
            assertThat(roundTrip(message)).isEqualTo(message);
        }
    }

    @Test
    void theOrderOfAMapArrives() throws NotSerializableException {
        Map<String, Colour> map = new LinkedHashMap<>();
        map.put("z", Colour.RED);
        map.put("a", Colour.GREEN);
        map.put("m", Colour.RED);
        Carrier arrived = (Carrier) roundTrip(new Carrier(Collections.unmodifiableMap(map)));
        assertThat(((Map<?, ?>) arrived.content()).keySet().toArray()).containsExactly("z", "a", "m");
    }

    @Test
    void whatArrivesCannotBeChanged() throws NotSerializableException {
        Carrier arrived = (Carrier) roundTrip(new Carrier(List.of(1)));
        assertThatThrownBy(((List<?>) arrived.content())::removeFirst)
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void aComparatorIsRefused() {
        assertThatThrownBy(() -> serializer.toBinary(new Carrier(new TreeMap<>(Comparator.reverseOrder()))))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("a comparator cannot travel");
    }

    @Test
    void nestingWithoutEndIsRefused() {
        Object nested = 1;
        for (int depth = 0; depth < 100_000; depth++) {
            nested = Optional.of(nested);
        }
        Carrier deep = new Carrier(nested);
        assertThatThrownBy(() -> serializer.toBinary(deep)).isInstanceOf(BlocksmithException.class);
    }

    @Test
    void everyChangeOfARegisteredTypeChangesTheManifest() {
        WireSchema schema = WireSchema.empty().with(100, Known.class);
        assertThat(schema.manifest()).matches("k1-[0-9a-f]{8}");
        assertThat(List.of(
                        WireSchema.empty().manifest(),
                        WireSchema.empty().with(101, Known.class).manifest(),
                        WireSchema.empty().with(100, Older.Known.class).manifest(),
                        schema.with(101, Colour.class).manifest()))
                .doesNotHaveDuplicates()
                .doesNotContain(schema.manifest());
        assertThat(WireSchema.empty()
                        .with(101, Colour.class)
                        .with(100, Known.class)
                        .manifest())
                .isEqualTo(SCHEMA.manifest());
    }

    @Test
    void aNumberIsGivenOnce() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SCHEMA.with(100, Stranger.class))
                .withMessageContaining("id 100 stands for both");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SCHEMA.with(102, Known.class))
                .withMessageContaining("registered twice");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SCHEMA.with(99, Stranger.class))
                .withMessageContaining("below 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SCHEMA.with(102, String.class))
                .withMessageContaining("neither a record nor an enum");
    }
}
