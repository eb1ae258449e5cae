package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.tensor.TestCompute;
import org.junit.jupiter.api.Test;

class DeviceFailureTest {
    @Test
    void aGpuWithoutRoomTellsNeedAndHave() {
        EngineException told = new EngineException("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total"
                + " capacity of 79.15 GiB of which 12.81 MiB is free.");

        assertThat(DeviceFailure.of(told).orElseThrow())
                .hasMessageContaining("20.00 MiB more were needed, 12.81 MiB of 79.15 GiB were free")
                .extracting("category")
                .isEqualTo(Category.DEVICE_MEMORY);
    }

    @Test
    void whatLibtorchSaysOnAHostWithoutRoomIsUnderstood() {
        try (NDManager manager = TestCompute.cpu().manager().newSubManager()) {
            EngineException told =
                    catchThrowableOfType(EngineException.class, () -> manager.zeros(new Shape(1L << 48)));

            assertThat(DeviceFailure.of(told).orElseThrow())
                    .hasMessageContaining("1125899906842624 bytes more were needed");
        }
    }

    @Test
    void aLibraryWithoutRoomForItsWorkspaceLacksMemory() {
        assertThat(DeviceFailure.of(new EngineException(
                                "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
                        .orElseThrow()
                        .category())
                .isEqualTo(Category.DEVICE_MEMORY);
    }

    @Test
    void aBrokenGpuIsNotTheFaultOfTheStage() {
        BlocksmithException named = DeviceFailure.of(new EngineException(
                        "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be reported"))
                .orElseThrow();

        assertThat(named.category()).isEqualTo(Category.ENVIRONMENT);
        assertThat(named).hasMessageContaining("an illegal memory access was encountered. A process");
    }

    @Test
    void anotherFailureIsNone() {
        assertThat(DeviceFailure.of(new EngineException("shape mismatch"))).isEmpty();
    }
}
