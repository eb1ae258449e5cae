package io.blocksmith.cluster.wire;

import akka.actor.typed.ActorRef;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Values of any type that may travel, built from record components. Together the samples of a type hold every
 * alternative of every sealed family in it, and the ends of every value's range.
 */
public final class Samples {
    private static final String LONG = "long, ünïcode and ✓ ".repeat(300);
    private static final List<Object> OPEN = List.of("anything", 7, List.of(1L, 2.5), Map.of("key", Instant.EPOCH));

    private final ActorRef<?> actor;

    /** Samples in which every actor is {@code actor}. */
    public Samples(ActorRef<?> actor) {
        this.actor = actor;
    }

    /**
     * At least one value of {@code type}.
     *
     * @throws IllegalArgumentException when a component's type is none that may travel
     */
    public List<Object> of(Type type) {
        return switch (type) {
            case Class<?> plain -> of(plain, List.of());
            case ParameterizedType generic ->
                of((Class<?>) generic.getRawType(), List.of(generic.getActualTypeArguments()));
            case WildcardType wildcard -> of(wildcard.getUpperBounds()[0]);
            default -> throw new IllegalArgumentException("no samples of " + type.getTypeName());
        };
    }

    private List<Object> of(Class<?> type, List<Type> arguments) {
        if (type == ActorRef.class) {
            return List.of(actor);
        } else if (type == Object.class) {
            return OPEN;
        } else if (type.isEnum()) {
            return List.of(type.getEnumConstants());
        } else if (type.isRecord()) {
            return records(type);
        } else if (type.isSealed()) {
            return Arrays.stream(type.getPermittedSubclasses())
                    .flatMap(alternative -> of(alternative).stream())
                    .toList();
        } else if (type == Optional.class) {
            return Stream.concat(
                            Stream.of(Optional.empty()),
                            of(arguments.getFirst()).stream().map(value -> (Object) Optional.of(value)))
                    .toList();
        } else if (Collection.class.isAssignableFrom(type)) {
            return collections(type, of(arguments.getFirst()));
        } else if (Map.class.isAssignableFrom(type)) {
            return maps(type, of(arguments.getFirst()), of(arguments.getLast()));
        }
        return value(type);
    }

    private static List<Object> value(Class<?> type) {
        return switch (type.getName()) {
            case "boolean", "java.lang.Boolean" -> List.of(true, false);
            case "int", "java.lang.Integer" -> List.of(1, 0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case "long", "java.lang.Long" -> List.of(1L, 0L, -1L, Long.MIN_VALUE, Long.MAX_VALUE);
            case "double", "java.lang.Double" ->
                List.of(0.25, -0.0, Double.NaN, Double.NEGATIVE_INFINITY, Double.MIN_VALUE, -Double.MAX_VALUE);
            case "float", "java.lang.Float" -> List.of(0.25f, -0.0f, Float.NaN, Float.POSITIVE_INFINITY);
            case "java.lang.String" -> List.of("text", "", LONG, "\0\uD83D\uDD28\n");
            case "java.time.Instant" -> List.of(Instant.EPOCH, Instant.MIN, Instant.MAX, Instant.ofEpochSecond(-1, 1));
            case "java.time.Duration" -> List.of(Duration.ofSeconds(3), Duration.ZERO, Duration.ofNanos(-1));
            case "java.util.OptionalInt" -> List.of(OptionalInt.empty(), OptionalInt.of(-1));
            case "java.util.OptionalLong" -> List.of(OptionalLong.empty(), OptionalLong.of(Long.MIN_VALUE));
            case "java.util.OptionalDouble" -> List.of(OptionalDouble.empty(), OptionalDouble.of(Double.NaN));
            default -> throw new IllegalArgumentException("no samples of " + type.getName());
        };
    }

    /** As many records as the component with the most samples has; components with fewer start over. */
    private List<Object> records(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        List<List<Object>> values = Arrays.stream(components)
                .map(component -> of(component.getGenericType()))
                .toList();
        int count = values.stream().mapToInt(List::size).max().orElse(1);
        List<Object> records = new ArrayList<>();
        InvocationTargetException refused = null;
        for (int index = 0; index < count; index++) {
            int at = index;
            Object[] arguments =
                    values.stream().map(some -> some.get(at % some.size())).toArray();
            try {
                Constructor<?> constructor = type.getDeclaredConstructor(
                        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
                constructor.setAccessible(true);
                records.add(constructor.newInstance(arguments));
            } catch (InvocationTargetException failure) {
                // The record checks its components; the other samples have to do.
                refused = failure;
            } catch (ReflectiveOperationException failure) {
                throw new IllegalStateException(failure);
            }
        }
        if (records.isEmpty()) {
            throw new IllegalArgumentException(type.getName() + " refuses every sample", refused);
        }
        return records;
    }

    private static List<Object> collections(Class<?> type, List<Object> elements) {
        if (List.class.isAssignableFrom(type) || type == Collection.class) {
            return List.of(
                    List.of(),
                    elements.subList(0, 1),
                    new ArrayList<>(elements),
                    List.copyOf(elements),
                    Collections.nCopies(40, elements.getLast()));
        } else if (SortedSet.class.isAssignableFrom(type)) {
            return List.of(new TreeSet<>(), new TreeSet<>(elements));
        }
        return List.of(
                Set.of(),
                Set.of(elements.getFirst()),
                Set.copyOf(elements),
                Collections.unmodifiableSet(new LinkedHashSet<>(elements)));
    }

    private static List<Object> maps(Class<?> type, List<Object> keys, List<Object> values) {
        Map<Object, Object> all = new LinkedHashMap<>();
        for (int index = 0; index < Math.max(keys.size(), values.size()); index++) {
            // Keys that come round again replace values that an earlier sample has to show.
            all.putIfAbsent(keys.get(index % keys.size()), values.get(index % values.size()));
        }
        if (SortedMap.class.isAssignableFrom(type)) {
            return List.of(new TreeMap<>(), new TreeMap<>(all));
        }
        List<Object> maps = new ArrayList<>(List.of(Map.of(), Collections.unmodifiableMap(all), Map.copyOf(all)));
        values.forEach(value -> maps.add(Map.of(keys.getFirst(), value)));
        return maps;
    }
}
