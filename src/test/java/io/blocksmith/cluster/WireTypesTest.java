package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.ExtendedActorSystem;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.javadsl.Adapter;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.blocksmith.cluster.wire.Carrier;
import io.blocksmith.cluster.wire.KryoSerializer;
import io.blocksmith.cluster.wire.Samples;
import io.blocksmith.cluster.wire.Wire;
import java.io.NotSerializableException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything that travels arrives as it was sent. A failure names the class that WireTypes lacks. */
class WireTypesTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Samples SAMPLES = new Samples(KIT.createTestProbe().getRef());
    private static final KryoSerializer SERIALIZER =
            Carrier.serializer((ExtendedActorSystem) Adapter.toClassic(KIT.system()), WireTypes.SCHEMA);

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    /** Also those that nobody has registered. */
    static Stream<Class<?>> messages() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("io.blocksmith").stream()
                        .filter(type -> type.isAssignableTo(Wire.class) && !type.isInterface())
                        .map(JavaClass::reflect);
    }

    static Stream<Class<?>> registered() {
        return WireTypes.SCHEMA.types().values().stream();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("messages")
    void everyMessageIsRegistered(Class<?> message) {
        assertThat(WireTypes.SCHEMA.types()).containsValue(message);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("messages")
    void everyMessageArrivesAsItWasSent(Class<?> message) throws NotSerializableException {
        for (Object sample : SAMPLES.of(message)) {
            assertTravels(sample);
        }
    }

    @ParameterizedTest
    @MethodSource("registered")
    void everyRegisteredTypeArrivesInAMessage(Class<?> type) throws NotSerializableException {
        for (Object sample : SAMPLES.of(type)) {
            assertTravels(new Carrier(sample));
        }
    }

    private static void assertTravels(Object message) throws NotSerializableException {
        String manifest = SERIALIZER.manifest(message);
        byte[] bytes = SERIALIZER.toBinary(message);
        // As Artery has it: a direct buffer in the processor's order, the message somewhere in the middle.
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length + 100).order(ByteOrder.LITTLE_ENDIAN);
        buffer.position(20);
        SERIALIZER.toBinary(message, buffer);
        buffer.flip().position(20);
        byte[] written = new byte[buffer.remaining()];
        buffer.duplicate().get(written);
        assertThat(written).isEqualTo(bytes);
        assertThat(SERIALIZER.fromBinary(bytes, manifest)).isEqualTo(message);
        assertThat(SERIALIZER.fromBinary(buffer, manifest)).isEqualTo(message);
    }
}
