package io.blocksmith.cluster.wire;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Registration;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.serializers.DefaultSerializers.EnumSerializer;
import com.esotericsoftware.kryo.util.DefaultClassResolver;
import com.esotericsoftware.kryo.util.DefaultInstantiatorStrategy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;

/** A Kryo that reads and writes the types of one schema and nothing else. Not thread-safe. */
final class SchemaKryo extends Kryo {
    /** More than any message nests, less than any stack bears. */
    private static final int DEEPEST = 64;

    SchemaKryo(WireSchema schema, ActorRefResolver actors) {
        super(new ByInterface(), null);
        setRegistrationRequired(true);
        setWarnUnregisteredClasses(false);
        // Messages are trees. Without references no forged message can tie a knot.
        setReferences(false);
        setMaxDepth(DEEPEST);
        // No Objenesis: only constructors make objects.
        setInstantiatorStrategy(new DefaultInstantiatorStrategy());
        // Numbers below 10 are Kryo's, for primitives and String. Never renumber.
        register(String.class, new ValueSerializers.Text());
        register(ActorRef.class, new ValueSerializers.Actor(actors), 10);
        register(Instant.class, 11);
        register(Duration.class, 12);
        register(Optional.class, 13);
        register(OptionalInt.class, 14);
        register(OptionalLong.class, 15);
        register(OptionalDouble.class, 16);
        register(List.class, ValueSerializers.list(), 17);
        register(Set.class, ValueSerializers.set(), 18);
        register(SortedSet.class, ValueSerializers.sortedSet(), 19);
        register(Map.class, ValueSerializers.map(), 20);
        register(SortedMap.class, ValueSerializers.sortedMap(), 21);
        schema.types().forEach((id, type) -> {
            if (type.isRecord()) {
                register(type, new WholeRecords<>(type), id);
            } else {
                register(type, enumSerializer(type), id);
            }
        });
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // Kryo asks for the class in a raw type
    private static EnumSerializer enumSerializer(Class<?> type) {
        return new EnumSerializer((Class<? extends Enum>) type);
    }

    @Override
    @SuppressWarnings("rawtypes") // Kryo's signature
    protected String unregisteredClassMessage(Class type) {
        return "%s may not travel: add it at the end of WireTypes, with the next number".formatted(type.getName());
    }

    /** Finds the registration of an actor or of one of Java's collections by what it is. */
    private static final class ByInterface extends DefaultClassResolver {
        private static final List<Class<?>> INTERFACES =
                List.of(List.class, SortedSet.class, Set.class, SortedMap.class, Map.class);

        @Override
        @SuppressWarnings("rawtypes") // Kryo's signature
        public Registration getRegistration(Class type) {
            return super.getRegistration(registered(type));
        }

        private static Class<?> registered(Class<?> type) {
            if (ActorRef.class.isAssignableFrom(type)) {
                return ActorRef.class;
            }
            if (type.getName().startsWith("java.util.")) {
                for (Class<?> collection : INTERFACES) {
                    if (collection.isAssignableFrom(type)) {
                        return collection;
                    }
                }
            }
            return type;
        }

        /** Kryo would look the class up before it finds that it is not registered. */
        @Override
        protected Registration readName(Input input) {
            throw new KryoException("a class by its name");
        }
    }
}
