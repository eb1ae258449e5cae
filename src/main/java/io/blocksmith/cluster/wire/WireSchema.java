package io.blocksmith.cluster.wire;

import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which records and enums may be in a message, each under a number that stands for it on the wire. Two nodes
 * understand each other only when their {@link #manifest()} is the same.
 */
public final class WireSchema {
    /** Smaller numbers belong to Kryo and to the types that {@link SchemaKryo} adds. */
    static final int FIRST = 100;

    /** Counts changes of how values are written: {@link SchemaKryo} and {@link ValueSerializers}. */
    private static final int ENCODING = 1;

    private static final int DIGEST_BYTES = 4;

    private final SortedMap<Integer, Class<?>> types;
    private final String manifest;

    private WireSchema(SortedMap<Integer, Class<?>> types) {
        this.types = Collections.unmodifiableSortedMap(types);
        this.manifest = "k%d-%s".formatted(ENCODING, digest(types));
    }

    /** Nothing but the values that need no registration: text, numbers, times, optionals, collections, actors. */
    public static WireSchema empty() {
        return new WireSchema(new TreeMap<>());
    }

    /**
     * This schema and one type more.
     *
     * @param id at least 100, never used before, for whatever type
     * @throws IllegalArgumentException when the id is taken or too small, or the type is there already or is no record
     *     or enum
     */
    public WireSchema with(int id, Class<?> type) {
        if (id < FIRST) {
            throw new IllegalArgumentException("id %d of %s is below %d".formatted(id, type.getName(), FIRST));
        }
        if (!type.isRecord() && !type.isEnum()) {
            throw new IllegalArgumentException(type.getName() + " is neither a record nor an enum");
        }
        if (types.containsValue(type)) {
            throw new IllegalArgumentException(type.getName() + " is registered twice");
        }
        TreeMap<Integer, Class<?>> more = new TreeMap<>(types);
        Class<?> before = more.put(id, type);
        if (before != null) {
            throw new IllegalArgumentException(
                    "id %d stands for both %s and %s".formatted(id, before.getName(), type.getName()));
        }
        return new WireSchema(more);
    }

    /** The registered types by id. */
    public SortedMap<Integer, Class<?>> types() {
        return types;
    }

    /**
     * The encoding's version and a digest over the ids, names, components and constants of all registered types, e.g.
     * {@code k1-3f2a9c51}. Kryo writes components without their names, so a changed record would be misread in
     * silence; with another manifest it is refused instead.
     */
    public String manifest() {
        return manifest;
    }

    private static String digest(SortedMap<Integer, Class<?>> types) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (Map.Entry<Integer, Class<?>> entry : types.entrySet()) {
                sha256.update("%d %s\n"
                        .formatted(entry.getKey(), shape(entry.getValue()))
                        .getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(sha256.digest(), 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String shape(Class<?> type) {
        StringBuilder shape = new StringBuilder(type.getName());
        if (type.isRecord()) {
            for (RecordComponent component : type.getRecordComponents()) {
                shape.append(' ')
                        .append(component.getName())
                        .append(':')
                        .append(component.getGenericType().getTypeName());
            }
        } else {
            for (Object constant : type.getEnumConstants()) {
                shape.append(' ').append(((Enum<?>) constant).name());
            }
        }
        return shape.toString();
    }
}
