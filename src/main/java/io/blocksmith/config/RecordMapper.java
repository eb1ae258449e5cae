package io.blocksmith.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.blocksmith.failure.BlocksmithException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/**
 * Builds records out of a configuration, by the names and types of their components. Where a value cannot be used, the
 * problem is noted and the default takes its place, so that the values after it are checked too; the caller throws when
 * problems were noted.
 */
final class RecordMapper {
    private final Config values;
    private final Config defaults;
    private final ValueReader reader;
    private final Problems problems;

    /**
     * Makes a mapper.
     *
     * @param values what the user set over the defaults; every key has a value
     * @param defaults valid values of every key
     */
    RecordMapper(Config values, Config defaults, ValueReader reader, Problems problems) {
        this.values = values;
        this.defaults = defaults;
        this.reader = reader;
        this.problems = problems;
    }

    /** The record at {@code path}, empty for the top level. */
    <T extends Record> T map(Class<T> type, String path) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] arguments = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            arguments[i] = argument(components[i], key(path, components[i]));
        }
        // Each refusal replaces one argument by its default, which is not refused again.
        for (int refused = 0; refused <= components.length; refused++) {
            try {
                return constructor(type).newInstance(arguments);
            } catch (InvocationTargetException e) {
                if (!(e.getCause() instanceof BlocksmithException refusal)) {
                    throw new IllegalStateException(type + " threw something unexpected", e.getCause());
                }
                replaceRefused(refusal, components, arguments, path);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(type + " cannot be made", e);
            }
        }
        throw BlocksmithException.defect("%s: the defaults of section '%s' are refused", type.getName(), path);
    }

    private Object argument(RecordComponent component, String key) {
        if (component.getType().isRecord()) {
            return map(component.getType().asSubclass(Record.class), key);
        }
        ConfigValue value = value(key);
        return reader.read(component.getGenericType(), key, value, expected -> problems.add(key, value, expected))
                .orElseGet(() -> byDefault(component, key));
    }

    private Object byDefault(RecordComponent component, String key) {
        return reader.read(component.getGenericType(), key, defaults.getValue(key), _ -> {})
                .orElseThrow(() -> BlocksmithException.defect("%s: the default cannot be read", key));
    }

    /** The value of {@code key}; where a section is missing because it was set to something else, the default. */
    private ConfigValue value(String key) {
        for (int dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1)) {
            String section = key.substring(0, dot);
            ConfigValue found = child(values, section);
            if (found.valueType() != ConfigValueType.OBJECT) {
                problems.add(section, found, "a section with keys of its own");
                return defaults.getValue(key);
            }
        }
        return child(values, key);
    }

    /** Also finds a null, which {@link Config#getValue} refuses. */
    private static ConfigValue child(Config config, String key) {
        int dot = key.lastIndexOf('.');
        return (dot < 0 ? config.root() : config.getObject(key.substring(0, dot))).get(Keys.last(key));
    }

    /**
     * Notes a refusal, whose message is {@code key = value: expected ...}, the key being the end of a full one, and puts
     * the default in. A refusal that is about several records has no single argument to replace; it ends the mapping.
     */
    private void replaceRefused(
            BlocksmithException refusal, RecordComponent[] components, Object[] arguments, String path) {
        String[] parts = refusal.getMessage().split(": expected ", 2);
        String named = parts[0].split(" = ", 2)[0];
        String expected = parts.length == 2 ? parts[1] : refusal.getMessage();
        for (int i = 0; i < components.length; i++) {
            String key = key(path, components[i]);
            boolean meant = Keys.last(key).equals(Keys.last(named)) && ("." + key).endsWith("." + named);
            if (meant && !components[i].getType().isRecord()) {
                problems.add(key, value(key), expected);
                arguments[i] = byDefault(components[i], key);
                return;
            }
        }
        // After other problems it may be a consequence of a default that was put in.
        if (problems.isEmpty()) {
            problems.add(named, value(named), expected);
        }
        throw problems.failure();
    }

    private static String key(String path, RecordComponent component) {
        return Keys.join(path, Keys.kebab(component.getName()));
    }

    private static <T extends Record> Constructor<T> constructor(Class<T> type) throws NoSuchMethodException {
        return type.getDeclaredConstructor(Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new));
    }
}
