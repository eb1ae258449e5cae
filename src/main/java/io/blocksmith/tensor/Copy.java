package io.blocksmith.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import io.blocksmith.tensor.Script.Argument;
import java.util.List;

/** Copies between arrays of one shape inside libtorch; {@code NDArray.copyTo} goes through a Java buffer of full size. */
public final class Copy {
    /** Its manager is on the host: every process with a GPU would otherwise take some memory of the first one. */
    private static final Script SCRIPT =
            Script.compile(Engine.getEngine("PyTorch").newBaseManager(Device.cpu()), """
                  def copy(self: __torch__.Functions, target: Tensor, source: Tensor) -> Tensor:
                    return torch.copy_(target, source, False)
                """);

    private Copy() {}

    /** Overwrites {@code target} with {@code source}, bit by bit. */
    public static synchronized void into(NDArray source, NDArray target) {
        SCRIPT.call("copy", List.of(Argument.of(target), Argument.of(source)))
                .head()
                .close();
    }
}
