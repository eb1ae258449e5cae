/**
 * Token streams, windows cut from them, and the files that hold hidden states between blocks. Everything streams: a
 * text is read in pieces into a {@link io.blocksmith.data.TokenFile}, which is mapped; hidden states pass through
 * rings of a few batches. Nothing grows with the size of the calibration set.
 *
 * <p>Native memory: {@link io.blocksmith.data.TokenFile} owns its mapping,
 * {@link io.blocksmith.data.ActivationWriter} and {@link io.blocksmith.data.ActivationReader} own their rings,
 * {@link io.blocksmith.data.TextTokenizer} owns the native tokenizer; each frees it in {@code close()}.
 *
 * <p>Depends on {@link io.blocksmith.spec}, {@link io.blocksmith.failure}, DJL's Hugging Face tokenizers and Jackson;
 * knows neither tensors nor models.
 */
package io.blocksmith.data;
