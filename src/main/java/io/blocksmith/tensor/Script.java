package io.blocksmith.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript module written by Java: methods in TorchScript's serialised form, packed into the archive that libtorch
 * loads, called with lists of arrays. It reaches operations that DJL's arrays lack (scaled-dot-product attention, SiLU,
 * fused AdamW) and makes many of them in one native call. Autograd follows the thread's gradient mode.
 *
 * <p>The archive (a ZIP with stored entries) holds {@code code/__torch__.py}, a pickled object with the one attribute
 * {@code training}, an empty tuple of constants and the format version.
 */
public final class Script implements AutoCloseable {
    private static final String CLASS = "Functions";
    private static final String HEADER = """
        class Functions(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def forward(self: __torch__.Functions, x: Tensor) -> Tensor:
            return x
        """;

    private final NDManager manager;
    private final PtSymbolBlock module;
    private final Map<String, NDArray> selectors = new HashMap<>();

    private Script(NDManager manager, PtSymbolBlock module) {
        this.manager = manager;
        this.module = module;
    }

    /**
     * Compiles methods.
     *
     * @param manager owns the module; it moves to the manager's device
     * @param methods Python source of methods, indented by two spaces, each with {@code self: __torch__.Functions} first
     */
    public static Script compile(NDManager manager, String methods) {
        NDManager owned = manager.newSubManager();
        Path file = null;
        try {
            file = Files.createTempFile("blocksmith-script", ".pt");
            Files.write(file, archive(HEADER + methods));
            PtSymbolBlock module =
                    JniUtils.loadModule((PtNDManager) owned, file, false, new String[0], new String[0], true);
            return new Script(owned, module);
        } catch (IOException e) {
            owned.close();
            throw BlocksmithException.environment(e, "No temporary file for a TorchScript module: %s", Reason.of(e));
        } finally {
            if (file != null) {
                file.toFile().delete();
            }
        }
    }

    /**
     * Calls {@code method}. Each argument is one array, or a list that becomes a {@code List[Tensor]} (never empty: an
     * empty list cannot be told from a missing argument).
     *
     * @return the result, one array or the arrays of a list, owned by the scope of the call
     */
    public NDList call(String method, List<Argument> arguments) {
        NDList flat = new NDList();
        int index = 0;
        for (Argument argument : arguments) {
            switch (argument) {
                case Argument.One(NDArray array) -> {
                    array.setName(null);
                    flat.add(array);
                }
                case Argument.Many(List<NDArray> arrays) -> {
                    if (arrays.isEmpty()) {
                        throw BlocksmithException.defect("TorchScript %s: argument %d is an empty list", method, index);
                    }
                    String name = "list" + index + "[]";
                    for (NDArray array : arrays) {
                        array.setName(name);
                        flat.add(array);
                    }
                }
            }
            index++;
        }
        flat.add(selectors.computeIfAbsent(method, this::selector));
        return IValueUtils.forward(module, flat, true);
    }

    /** An argument of {@link #call}. */
    public sealed interface Argument {
        record One(NDArray array) implements Argument {}

        record Many(List<NDArray> arrays) implements Argument {}

        static Argument of(NDArray array) {
            return new One(array);
        }

        static Argument of(List<NDArray> arrays) {
            return new Many(arrays);
        }
    }

    /** The array whose name tells DJL which method to call; it must outlive the scope of the first call. */
    private NDArray selector(String method) {
        NDArray array = manager.create(0);
        array.setName("module_method:" + method);
        NDScope.unregister(array);
        return array;
    }

    private static byte[] archive(String code) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            entry(zip, "functions/data.pkl", pickledModule());
            entry(zip, "functions/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            // PROTO 2, EMPTY_TUPLE, STOP
            entry(zip, "functions/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            entry(zip, "functions/version", "10\n".getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.toByteArray();
    }

    /** An instance of {@link #CLASS} whose state is {@code {"training": True}}, as pickle protocol 2. */
    private static byte[] pickledModule() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.write(new byte[] {(byte) 0x80, 2});
        pickle.write(("c__torch__\n" + CLASS + "\n").getBytes(StandardCharsets.US_ASCII));
        pickle.write(new byte[] {')', (byte) 0x81, '}', '('}); // EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK
        pickle.write(new byte[] {'X', 8, 0, 0, 0}); // BINUNICODE of 8 bytes
        pickle.write("training".getBytes(StandardCharsets.US_ASCII));
        pickle.write(new byte[] {(byte) 0x88, 'u', 'b', '.'}); // NEWTRUE, SETITEMS, BUILD, STOP
        return pickle.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        CRC32 checksum = new CRC32();
        checksum.update(content);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        ((OutputStream) zip).write(content);
        zip.closeEntry();
    }

    @Override
    public void close() {
        module.close();
        manager.close();
    }
}
