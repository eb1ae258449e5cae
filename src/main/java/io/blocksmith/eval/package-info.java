/**
 * Measures a model: perplexity of a text, and raw logits. One block is in memory at a time; hidden states lie in files of
 * a scratch folder. May depend on DJL, {@link io.blocksmith.boundary}, {@link io.blocksmith.llama},
 * {@link io.blocksmith.data}, {@link io.blocksmith.tensor} and {@link io.blocksmith.spec}.
 */
package io.blocksmith.eval;
