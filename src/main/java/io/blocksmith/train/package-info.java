/**
 * The two phases of EfficientQAT as loops over batches: Block-AP ({@link io.blocksmith.train.BlockApTrainer}) and E2E-QP
 * ({@link io.blocksmith.train.EndToEndTrainer}), with their optimizer and schedules. Parameters, moments and kept states
 * belong to the manager a trainer is made with; everything else dies with its step's scope. May depend on DJL,
 * {@link io.blocksmith.llama}, {@link io.blocksmith.quant}, {@link io.blocksmith.tensor} and {@link io.blocksmith.spec}.
 */
package io.blocksmith.train;
