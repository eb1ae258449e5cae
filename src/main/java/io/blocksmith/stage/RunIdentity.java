package io.blocksmith.stage;

import io.blocksmith.spec.Recipe;

/**
 * What decides the bytes of a run's result; it can never change on resume.
 *
 * @param model digest of the model folder: configuration, tokenizer and weights
 * @param calibration SHA-256 of the calibration file
 * @param evaluation SHA-256 of the evaluation file; empty when there is none
 */
public record RunIdentity(Recipe recipe, String model, String calibration, String evaluation) {}
