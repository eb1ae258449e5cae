package io.blocksmith.run;

import io.blocksmith.failure.Category;

/** Why an attempt counts as failed although its worker has not said so. */
public record Loss(Category category, String reason, Evidence evidence) {}
