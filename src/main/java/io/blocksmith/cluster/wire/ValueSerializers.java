package io.blocksmith.cluster.wire;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Values whose length is on the wire. Kryo's own serializers allocate whatever length they read; these compare it with
 * what is left of the message first. Collections are written by what they are, not by which class implements them, and
 * arrive unmodifiable and in the order they were sent in.
 */
final class ValueSerializers {
    /** Room for this many elements is made before the first is read; the rest has to be there. */
    private static final int ROOM = 16;

    private ValueSerializers() {}

    /** Length in UTF-8, then the bytes. */
    static final class Text extends Serializer<String> {
        Text() {
            super(true, true);
        }

        @Override
        public void write(Kryo kryo, Output output, String text) {
            if (text == null) {
                output.writeVarInt(0, true);
                return;
            }
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            output.writeVarInt(bytes.length + 1, true);
            output.writeBytes(bytes);
        }

        @Override
        public String read(Kryo kryo, Input input, Class<? extends String> type) {
            int length = input.readVarInt(true) - 1;
            if (length == -1) {
                return null;
            }
            return new String(input.readBytes(within(input, length, 1)), StandardCharsets.UTF_8);
        }
    }

    /** The address of an actor, which is the same actor on every node. */
    static final class Actor extends Serializer<ActorRef<?>> {
        private final ActorRefResolver resolver;
        private final Text text = new Text();

        Actor(ActorRefResolver resolver) {
            super(false, true);
            this.resolver = resolver;
        }

        @Override
        public void write(Kryo kryo, Output output, ActorRef<?> actor) {
            text.write(kryo, output, resolver.toSerializationFormat(actor));
        }

        @Override
        public ActorRef<?> read(Kryo kryo, Input input, Class<? extends ActorRef<?>> type) {
            String address = text.read(kryo, input, String.class);
            if (address == null) {
                throw new KryoException("an actor without an address");
            }
            return resolver.resolveActorRef(address);
        }
    }

    /** Lists and sets: the number of elements, then each with its class. */
    private static final class Elements<C extends Collection<?>> extends Serializer<C> {
        private final Supplier<Collection<Object>> empty;
        private final Function<Collection<Object>, Object> seal;

        Elements(Supplier<Collection<Object>> empty, Function<Collection<Object>, Object> seal) {
            super(false, true);
            this.empty = empty;
            this.seal = seal;
        }

        @Override
        public void write(Kryo kryo, Output output, C elements) {
            requireNatural(elements instanceof SortedSet<?> sorted && sorted.comparator() != null);
            output.writeVarInt(elements.size(), true);
            for (Object element : elements) {
                kryo.writeClassAndObject(output, element);
            }
        }

        @Override
        @SuppressWarnings("unchecked") // Kryo's type is the registered interface, which `seal` returns
        public C read(Kryo kryo, Input input, Class<? extends C> type) {
            int size = within(input, input.readVarInt(true), 1);
            Collection<Object> elements = empty.get();
            for (int index = 0; index < size; index++) {
                elements.add(kryo.readClassAndObject(input));
            }
            return (C) seal.apply(elements);
        }
    }

    /** Maps: the number of entries, then key and value of each with their classes. */
    private static final class Entries<M extends Map<?, ?>> extends Serializer<M> {
        private final Supplier<Map<Object, Object>> empty;
        private final Function<Map<Object, Object>, Object> seal;

        Entries(Supplier<Map<Object, Object>> empty, Function<Map<Object, Object>, Object> seal) {
            super(false, true);
            this.empty = empty;
            this.seal = seal;
        }

        @Override
        public void write(Kryo kryo, Output output, M entries) {
            requireNatural(entries instanceof SortedMap<?, ?> sorted && sorted.comparator() != null);
            output.writeVarInt(entries.size(), true);
            for (Map.Entry<?, ?> entry : entries.entrySet()) {
                kryo.writeClassAndObject(output, entry.getKey());
                kryo.writeClassAndObject(output, entry.getValue());
            }
        }

        @Override
        @SuppressWarnings("unchecked") // as above
        public M read(Kryo kryo, Input input, Class<? extends M> type) {
            int size = within(input, input.readVarInt(true), 2);
            Map<Object, Object> entries = empty.get();
            for (int index = 0; index < size; index++) {
                Object key = kryo.readClassAndObject(input);
                entries.put(key, kryo.readClassAndObject(input));
            }
            return (M) seal.apply(entries);
        }
    }

    static Serializer<List<?>> list() {
        return new Elements<>(
                () -> new ArrayList<>(ROOM), elements -> Collections.unmodifiableList((List<?>) elements));
    }

    static Serializer<Set<?>> set() {
        return new Elements<>(
                LinkedHashSet::new, elements -> Collections.unmodifiableSequencedSet((LinkedHashSet<?>) elements));
    }

    static Serializer<SortedSet<?>> sortedSet() {
        return new Elements<>(TreeSet::new, elements -> Collections.unmodifiableNavigableSet((TreeSet<?>) elements));
    }

    static Serializer<Map<?, ?>> map() {
        return new Entries<>(
                LinkedHashMap::new, entries -> Collections.unmodifiableSequencedMap((LinkedHashMap<?, ?>) entries));
    }

    static Serializer<SortedMap<?, ?>> sortedMap() {
        return new Entries<>(TreeMap::new, entries -> Collections.unmodifiableNavigableMap((TreeMap<?, ?>) entries));
    }

    private static void requireNatural(boolean compared) {
        if (compared) {
            throw new KryoException("a comparator cannot travel; send the elements in natural order or in a list");
        }
    }

    /** {@code count}, if that many things of at least {@code bytes} bytes can still follow. */
    private static int within(Input input, int count, int bytes) {
        int left = input.limit() - input.position();
        if (count < 0 || count > left / bytes) {
            throw new KryoException("length %d, but only %d bytes are left".formatted(count, left));
        }
        return count;
    }
}
