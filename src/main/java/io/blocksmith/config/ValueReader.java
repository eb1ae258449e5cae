package io.blocksmith.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigValue;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Single values to the types of record components: numbers, booleans, strings, durations, enums and lists of these. Text that spells
 * a number or a boolean is one, as HOCON has it, because command-line values are text.
 *
 * @param bits decides what {@code auto} learning rates are
 */
record ValueReader(int bits) {

    /** The value as {@code type}; when it is none, {@code refuse} is told what is expected. */
    Optional<Object> read(Type type, String key, ConfigValue value, Consumer<String> refuse) {
        Optional<Object> read = tryRead(type, key, value);
        if (read.isEmpty()) {
            refuse.accept(expected(type, key));
        }
        return read;
    }

    private Optional<Object> tryRead(Type type, String key, ConfigValue value) {
        if (type instanceof ParameterizedType list) {
            return elements(list.getActualTypeArguments()[0], key, value);
        }
        Object plain = value.unwrapped();
        if (plain == null || plain instanceof Iterable<?> || plain instanceof Map<?, ?>) {
            return Optional.empty();
        }
        String text = plain.toString().strip();
        if (type == String.class) {
            return Optional.of(text);
        }
        if (type == Duration.class) {
            return duration(value);
        }
        if (type == boolean.class) {
            return bool(text);
        }
        if (type == double.class) {
            OptionalDouble auto = text.equals(AutoRates.AUTO) ? AutoRates.of(key, bits) : OptionalDouble.empty();
            return auto.isPresent()
                    ? Optional.of(auto.getAsDouble())
                    : number(text).map(BigDecimal::doubleValue);
        }
        if (type == int.class || type == long.class) {
            return number(text).flatMap(number -> whole(type, number));
        }
        return Arrays.stream(constants(type))
                .filter(constant -> spelling(constant).equals(text))
                .map(Object.class::cast)
                .findFirst();
    }

    private Optional<Object> elements(Type type, String key, ConfigValue value) {
        if (!(value instanceof ConfigList list)) {
            return Optional.empty();
        }
        List<Object> elements = new ArrayList<>();
        for (ConfigValue element : list) {
            Optional<Object> read = tryRead(type, key, element);
            if (read.isEmpty() || elements.contains(read.get())) {
                return Optional.empty();
            }
            elements.add(read.get());
        }
        return Optional.of(elements);
    }

    /** HOCON's own durations: {@code 120s}, {@code 2 minutes}; a number alone counts milliseconds. */
    private static Optional<Object> duration(ConfigValue value) {
        try {
            return Optional.of(value.atKey("duration").getDuration("duration"));
        } catch (ConfigException e) {
            return Optional.empty();
        }
    }

    private static Optional<Object> bool(String text) {
        return switch (text) {
            case "true", "yes", "on" -> Optional.of(true);
            case "false", "no", "off" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    private static Optional<BigDecimal> number(String text) {
        try {
            return Optional.of(new BigDecimal(text));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Object> whole(Type type, BigDecimal number) {
        try {
            return type == int.class ? Optional.of(number.intValueExact()) : Optional.of(number.longValueExact());
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
    }

    private static String expected(Type type, String key) {
        if (type instanceof ParameterizedType list) {
            return "a list without repetition, each " + expected(list.getActualTypeArguments()[0], key);
        }
        if (type == String.class) {
            return "text";
        }
        if (type == Duration.class) {
            return "a duration such as 120s, 500ms or 2m";
        }
        if (type == boolean.class) {
            return "true or false";
        }
        if (type == double.class) {
            return AutoRates.of(key, 2).isPresent() ? "a number or auto" : "a number";
        }
        if (type == int.class || type == long.class) {
            return type == int.class ? "a whole number below 2147483648" : "a whole number";
        }
        return "one of "
                + Arrays.stream(constants(type)).map(ValueReader::spelling).collect(Collectors.joining(", "));
    }

    private static Enum<?>[] constants(Type type) {
        if (type instanceof Class<?> enumeration && enumeration.isEnum()) {
            return (Enum<?>[]) enumeration.getEnumConstants();
        }
        throw new IllegalArgumentException("no configuration value can be a " + type);
    }

    /** {@code STEP_SIZES_AND_ZERO_POINTS} is written {@code step-sizes+zero-points}. */
    private static String spelling(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace("_and_", "+").replace('_', '-');
    }
}
