/**
 * Runs stages: one class per stage joins training, data, exports and the store. {@link io.blocksmith.stage.Pipeline} is
 * the {@link io.blocksmith.run.StageRunner} that the actors call on the device thread; {@link io.blocksmith.stage.Submission}
 * checks a run before any work. Knows everything below the actors and no actor.
 */
package io.blocksmith.stage;
