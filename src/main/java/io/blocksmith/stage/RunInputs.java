package io.blocksmith.stage;

import java.util.Optional;

/**
 * Where a run's inputs lie; may differ on resume as long as their content does not.
 *
 * @param model folder of the model
 * @param calibration file that calibration windows come from
 * @param evaluation file that perplexities are measured on; without one it is the calibration's validation windows
 */
public record RunInputs(String model, String calibration, Optional<String> evaluation) {}
