/**
 * Trained blocks with frozen codes: in memory ({@link io.blocksmith.packed.PackedBlock}) and on disk
 * ({@link io.blocksmith.packed.BlockFile}, {@link io.blocksmith.packed.ScalesFile}). Arrays read belong to the manager
 * handed in. May depend on DJL, {@link io.blocksmith.llama}, {@link io.blocksmith.quant},
 * {@link io.blocksmith.safetensors} and {@link io.blocksmith.spec}.
 */
package io.blocksmith.packed;
