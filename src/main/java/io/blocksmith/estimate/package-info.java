/**
 * What a run needs before it starts: sizes, memory, disk and arithmetic, from the model's shape and the recipe alone. The
 * formulas follow what the stages hold and write; a change there changes them here. Computes nothing natively. May depend
 * on {@link io.blocksmith.llama} (shapes only), {@link io.blocksmith.data} (file layouts), {@link io.blocksmith.safetensors}
 * (number formats), {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.estimate;
