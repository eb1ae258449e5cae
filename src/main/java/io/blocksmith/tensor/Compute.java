package io.blocksmith.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One device of this process: the engine, the device and its root manager. Native work runs on one thread at a time, and
 * that thread calls {@link #enterThread()} first.
 */
public final class Compute implements AutoCloseable {
    private static final String THREADS = "ai.djl.pytorch.num_threads";

    private static final Logger LOG = LoggerFactory.getLogger(Compute.class);
    /** Where NVIDIA's driver can be talked to. */
    private static final Path DRIVER = Path.of("/dev/nvidiactl");

    private final Device device;
    private final int threads;
    private final NDManager manager;

    private Compute(Device device, int threads, NDManager manager) {
        this.device = device;
        this.threads = threads;
        this.manager = manager;
    }

    /**
     * Loads the engine and opens a device.
     *
     * @param device {@code auto} (first GPU, else CPU), {@code cpu} or {@code gpu0}, {@code gpu1}, ... (GPU devices have
     *     not been run by this project)
     * @param threads threads of one operation on the CPU; 0 = one for each core. Fixed by the first call in a process,
     *     because results depend on it.
     */
    public static Compute open(String device, int threads) {
        int wanted = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        String pinned = System.getProperty(THREADS);
        if (pinned == null) {
            System.setProperty(THREADS, Integer.toString(wanted));
        } else if (threads > 0 && Integer.parseInt(pinned) != threads) {
            throw BlocksmithException.user(
                    "compute.threads = %d: this process already computes with %s threads", threads, pinned);
        }
        Engine engine = engine();
        Device opened = select(engine, device);
        Compute compute =
                new Compute(opened, Integer.parseInt(System.getProperty(THREADS)), engine.newBaseManager(opened));
        compute.enterThread();
        return compute;
    }

    private static Engine engine() {
        try {
            return Engine.getEngine("PyTorch");
        } catch (EngineException | LinkageError e) {
            throw BlocksmithException.environment(
                    e,
                    "The PyTorch engine cannot be loaded: %s. Its native libraries come with the build for linux"
                            + " x86_64; elsewhere point PYTORCH_LIBRARY_PATH at a libtorch 2.7.1",
                    Reason.of(e));
        }
    }

    private static Device select(Engine engine, String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        if (wanted.equals("auto")) {
            if (engine.getGpuCount() > 0) {
                return Device.gpu();
            }
            if (Files.exists(DRIVER)) {
                LOG.warn(
                        "{} is there, but libtorch sees no GPU: this process computes on the CPU; with compute.device ="
                                + " gpu0 it refuses to",
                        DRIVER);
            }
            return Device.cpu();
        }
        if (wanted.equals("cpu")) {
            return Device.cpu();
        }
        if (wanted.matches("gpu[0-9]+")) {
            int index = Integer.parseInt(wanted.substring(3));
            if (index >= engine.getGpuCount()) {
                throw BlocksmithException.environment(
                        null, "compute.device = %s: this machine shows %d GPUs", name, engine.getGpuCount());
            }
            return Device.gpu(index);
        }
        throw BlocksmithException.user("compute.device = %s: expected auto, cpu, gpu0, gpu1, ...", name);
    }

    /**
     * Prepares the calling thread for native work. Every thread but the one that loaded the engine starts with gradient
     * recording on, which makes graphs by accident and in-place updates fail.
     *
     * <p>TorchScript would run a graph as written the first time and rewritten from then on, with other last bits: a
     * training that goes on after an interruption, or on another worker, has called it another number of times. So graphs
     * run as written always.
     */
    public void enterThread() {
        JniUtils.setGradMode(false);
        JniUtils.setGraphExecutorOptimize(false);
    }

    /** The manager that lives as long as this device; sub-managers of it bound shorter lives. */
    public NDManager manager() {
        return manager;
    }

    public Device device() {
        return device;
    }

    public int threads() {
        return threads;
    }

    /** What decides the last bit of a result here: engine version, kind of device, and threads of a CPU. */
    public String fingerprint() {
        String kind = device.isGpu()
                ? "gpu capability=%s cuda=%s"
                        .formatted(
                                CudaUtils.getComputeCapability(device.getDeviceId()), CudaUtils.getCudaVersionString())
                : "cpu %s threads=%d".formatted(Processor.kind(), threads);
        return "pytorch " + manager.getEngine().getVersion() + " " + kind;
    }

    @Override
    public void close() {
        manager.close();
    }
}
