package io.blocksmith.cluster.wire;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.serializers.RecordSerializer;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;

/** Records without holes: no component of a message is ever null, so one that is was forged, and actors need not ask. */
final class WholeRecords<T> extends RecordSerializer<T> {
    /** Accessors of the components that could be null; made once for all decoders. */
    private static final ClassValue<List<Method>> ACCESSORS = new ClassValue<>() {
        @Override
        protected List<Method> computeValue(Class<?> type) {
            List<Method> accessors = Arrays.stream(type.getRecordComponents())
                    .filter(component -> !component.getType().isPrimitive())
                    .map(RecordComponent::getAccessor)
                    .toList();
            accessors.forEach(accessor -> accessor.setAccessible(true));
            return accessors;
        }
    };

    private final Class<T> type;

    WholeRecords(Class<T> type) {
        super(type);
        this.type = type;
    }

    @Override
    public T read(Kryo kryo, Input input, Class<? extends T> asked) {
        T read = super.read(kryo, input, asked);
        for (Method accessor : ACCESSORS.get(type)) {
            if (value(accessor, read) == null) {
                throw new KryoException("%s without its %s".formatted(type.getName(), accessor.getName()));
            }
        }
        return read;
    }

    private static Object value(Method accessor, Object read) {
        try {
            return accessor.invoke(read);
        } catch (ReflectiveOperationException e) {
            throw new KryoException(e);
        }
    }
}
