package io.blocksmith.llama;

/** How rotary frequencies are stretched for contexts longer than those trained on. */
public sealed interface RopeScaling {
    /** The frequencies as they are. */
    record None() implements RopeScaling {}

    /** Every frequency divided by {@code factor}. */
    record Linear(double factor) implements RopeScaling {}

    /**
     * Llama 3.1: wavelengths up to {@code originalContext / highFrequencyFactor} are kept, those beyond
     * {@code originalContext / lowFrequencyFactor} divided by {@code factor}, and those between interpolated.
     */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalContext)
            implements RopeScaling {}

    /** The angle per position of a rotation whose unscaled angle is {@code frequency}. */
    default double scale(double frequency) {
        return switch (this) {
            case None() -> frequency;
            case Linear(double factor) -> frequency / factor;
            case Llama3(double factor, double low, double high, double original) -> {
                double wavelength = 2 * Math.PI / frequency;
                if (wavelength < original / high) {
                    yield frequency;
                }
                if (wavelength > original / low) {
                    yield frequency / factor;
                }
                double smooth = (original / wavelength - low) / (high - low);
                yield (1 - smooth) * frequency / factor + smooth * frequency;
            }
        };
    }
}
