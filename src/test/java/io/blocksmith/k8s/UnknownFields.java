package io.blocksmith.k8s;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Fields of a manifest that its kind does not have. The model keeps what it cannot place in a map {@code
 * additionalProperties} of the object it was found in.
 */
final class UnknownFields {
    private static final String MODEL = "io.fabric8.";

    private final List<String> found = new ArrayList<>();

    private UnknownFields() {}

    /** The paths of all that are unknown, starting with {@code name}. */
    static List<String> of(String name, Object resource) {
        UnknownFields fields = new UnknownFields();
        fields.look(name, resource);
        return fields.found;
    }

    private void look(String path, Object value) {
        switch (value) {
            case null -> {}
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) {
                    look("%s[%d]".formatted(path, i), list.get(i));
                }
            }
            case Map<?, ?> map -> map.forEach((key, entry) -> look(path + "." + key, entry));
            case Object other when other.getClass().getName().startsWith(MODEL) -> lookInside(path, other);
            case Object _ -> {}
        }
    }

    private void lookInside(String path, Object object) {
        for (Class<?> type = object.getClass(); type.getName().startsWith(MODEL); type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || type.isEnum()) {
                    continue;
                }
                Object value = value(field, object);
                if (field.getName().equals("additionalProperties")) {
                    ((Map<?, ?>) value).keySet().forEach(key -> found.add(path + "." + key));
                } else {
                    look(path + "." + field.getName(), value);
                }
            }
        }
    }

    private static Object value(Field field, Object object) {
        try {
            field.setAccessible(true);
            return field.get(object);
        } catch (IllegalAccessException e) {
            throw new AssertionError(field.toString(), e);
        }
    }
}
