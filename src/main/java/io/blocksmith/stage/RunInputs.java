package io.blocksmith.stage;

import java.util.Optional;

/**
 * Where a run's inputs lie; may differ on resume as long as their content does not.
 *
 * @param model folder of the model
 * @param calibration file that calibration windows come from
 * @param evaluation file that perplexities are measured on; empty for the calibration's validation windows
 */
public record RunInputs(String model, String calibration, String evaluation) {

    /** The evaluation file, when there is one. */
    public Optional<String> evaluationText() {
        return Optional.of(evaluation).filter(file -> !file.isEmpty());
    }
}
