package io.blocksmith.run;

import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.RandomAccess;
import java.util.regex.Pattern;

/**
 * Objects in a quarter of the memory of as many {@link ObjectRef}s: digests as bytes, folders once. A block of a large
 * model leaves thousands of objects, and every process that has read the ledger keeps those of all blocks.
 */
final class ObjectRefs extends AbstractList<ObjectRef> implements RandomAccess {
    private static final int DIGEST_BYTES = 32;
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    /** Of each object, up to and with the last slash; neighbours share it. */
    private final String[] folders;
    /** What follows the folders, in UTF-8, one after the other. */
    private final byte[] files;
    /** Where each of them ends. */
    private final int[] ends;

    private final long[] bytes;
    private final byte[] digests;

    private ObjectRefs(List<ObjectRef> objects) {
        int size = objects.size();
        folders = new String[size];
        ends = new int[size];
        bytes = new long[size];
        digests = new byte[Math.multiplyExact(size, DIGEST_BYTES)];
        byte[] names = new byte[0];
        int end = 0;
        for (int i = 0; i < size; i++) {
            ObjectRef object = objects.get(i);
            int slash = object.name().lastIndexOf('/') + 1;
            String folder = object.name().substring(0, slash);
            folders[i] = i > 0 && folders[i - 1].equals(folder) ? folders[i - 1] : folder;
            byte[] file = object.name().substring(slash).getBytes(StandardCharsets.UTF_8);
            if (end + file.length > names.length) {
                names = Arrays.copyOf(names, 2 * (end + file.length));
            }
            System.arraycopy(file, 0, names, end, file.length);
            end += file.length;
            ends[i] = end;
            bytes[i] = object.bytes();
            System.arraycopy(HexFormat.of().parseHex(object.sha256()), 0, digests, i * DIGEST_BYTES, DIGEST_BYTES);
        }
        files = Arrays.copyOf(names, end);
    }

    /** The same objects, unmodifiable, in a list that may travel; as they are where a digest is none. */
    static List<ObjectRef> copyOf(List<ObjectRef> objects) {
        List<ObjectRef> copy = List.copyOf(objects);
        return copy.stream().allMatch(object -> DIGEST.matcher(object.sha256()).matches())
                ? Collections.unmodifiableList(new ObjectRefs(copy))
                : copy;
    }

    @Override
    public ObjectRef get(int index) {
        int begin = index == 0 ? 0 : ends[index - 1];
        String file = new String(files, begin, ends[index] - begin, StandardCharsets.UTF_8);
        int digest = index * DIGEST_BYTES;
        return new ObjectRef(
                folders[index] + file, bytes[index], HexFormat.of().formatHex(digests, digest, digest + DIGEST_BYTES));
    }

    @Override
    public int size() {
        return ends.length;
    }
}
