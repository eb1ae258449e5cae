package io.blocksmith.cluster.wire;

import akka.actor.ExtendedActorSystem;
import akka.actor.typed.ActorRefResolver;
import akka.actor.typed.javadsl.Adapter;
import akka.serialization.ByteBufferSerializer;
import akka.serialization.SerializerWithStringManifest;
import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.io.ByteBufferInput;
import com.esotericsoftware.kryo.io.ByteBufferOutput;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.KryoBufferOverflowException;
import com.esotericsoftware.kryo.io.Output;
import com.esotericsoftware.kryo.util.Pool;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.io.NotSerializableException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;

/**
 * Messages as bytes, for Akka. What is decoded was registered, is a {@link Wire} message, used up its bytes and passed
 * its record's own checks; that it is what was sent is for the transport to guarantee: there is no checksum here.
 */
public abstract class KryoSerializer extends SerializerWithStringManifest implements ByteBufferSerializer {
    private static final int POOLED = 16;
    private static final int FIRST_BUFFER = 512;

    private final int identifier;
    private final String manifest;
    private final Pool<Kryo> kryos;

    /**
     * A serializer of one schema.
     *
     * @param identifier of the serializer in the cluster, above 40
     */
    protected KryoSerializer(ExtendedActorSystem system, int identifier, WireSchema schema) {
        this.identifier = identifier;
        this.manifest = schema.manifest();
        ActorRefResolver actors = ActorRefResolver.get(Adapter.toTyped(system));
        this.kryos = new Pool<>(true, false, POOLED) {
            @Override
            protected Kryo create() {
                return new SchemaKryo(schema, actors);
            }
        };
    }

    @Override
    public final int identifier() {
        return identifier;
    }

    @Override
    public final String manifest(Object message) {
        return manifest;
    }

    @Override
    public final byte[] toBinary(Object message) {
        try (Output output = new Output(FIRST_BUFFER, -1)) {
            encode(message, output);
            return output.toBytes();
        }
    }

    @Override
    @SuppressWarnings("resource") // closing the output would do nothing to the caller's buffer
    public final void toBinary(Object message, ByteBuffer buffer) {
        encode(message, new ByteBufferOutput(buffer));
    }

    @Override
    public final Object fromBinary(byte[] bytes, String from) throws NotSerializableException {
        return decode(new Input(bytes), from);
    }

    @Override
    public final Object fromBinary(ByteBuffer buffer, String from) throws NotSerializableException {
        return decode(new ByteBufferInput(buffer), from);
    }

    // A Kryo that has thrown is dropped, in both directions: it may be left in the middle of something.

    private void encode(Object message, Output output) {
        if (!(message instanceof Wire)) {
            throw BlocksmithException.defect(
                    "a %s is no message for other nodes: it does not implement Wire",
                    message.getClass().getName());
        }
        Kryo kryo = kryos.obtain();
        try {
            kryo.writeClassAndObject(output, message);
        } catch (RuntimeException failure) {
            if (overflows(failure)) {
                // How Akka learns that the message is larger than a frame.
                BufferOverflowException overflow = new BufferOverflowException();
                overflow.initCause(failure);
                throw overflow;
            }
            throw new BlocksmithException(
                    Category.DEFECT,
                    "cannot send a %s: %s".formatted(message.getClass().getName(), failure.getMessage()),
                    failure);
        }
        kryos.free(kryo);
    }

    private static boolean overflows(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof KryoBufferOverflowException || cause instanceof BufferOverflowException) {
                return true;
            }
        }
        return false;
    }

    private Object decode(Input input, String from) throws NotSerializableException {
        if (!manifest.equals(from)) {
            throw new NotSerializableException(
                    "a message of schema %s, but this node has %s: run the same version on all nodes"
                            .formatted(from, manifest));
        }
        Kryo kryo = kryos.obtain();
        Object message;
        try {
            message = kryo.readClassAndObject(input);
        } catch (RuntimeException | OutOfMemoryError failure) {
            // Lengths are checked, so memory should last; if not, it must not take the node down for one message.
            NotSerializableException refused = new NotSerializableException(failure.getMessage());
            refused.initCause(failure);
            throw refused;
        }
        kryos.free(kryo);
        if (input.position() != input.limit()) {
            throw new NotSerializableException(
                    "%d bytes are left after the message".formatted(input.limit() - input.position()));
        }
        if (!(message instanceof Wire)) {
            throw new NotSerializableException("not a message: "
                    + (message == null ? "null" : message.getClass().getName()));
        }
        return message;
    }
}
