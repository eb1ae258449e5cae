package io.blocksmith.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessorTest {
    @Test
    void makerAndWidestVectorsAreTold() {
        assertThat(Processor.kind(List.of(
                        "processor\t: 0", "vendor_id\t: GenuineIntel", "flags\t\t: fpu sse avx avx2 avx512f avx512dq")))
                .isEqualTo("GenuineIntel avx512f");
        assertThat(Processor.kind(List.of("vendor_id\t: AuthenticAMD", "flags\t\t: fpu avx avx2")))
                .isEqualTo("AuthenticAMD avx2");
        assertThat(Processor.kind(List.of("vendor_id\t: GenuineIntel", "flags\t\t: fpu sse")))
                .isEqualTo("GenuineIntel");
    }

    @Test
    void aMachineThatTellsNothingHasItsArchitecture() {
        assertThat(Processor.kind(List.of("processor : 0"))).isEqualTo(System.getProperty("os.arch"));
    }
}
