package io.blocksmith.run;

import io.blocksmith.failure.Category;

/**
 * Why an attempt is over although its worker has not said so.
 *
 * @param charged whether it counts as a failure, against the stage and the worker; not when the worker said goodbye
 */
public record Loss(Category category, String reason, Evidence evidence, boolean charged) {}
