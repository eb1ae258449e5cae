/**
 * Uniform affine quantization of linear weights (paper section 3.1): the start from min and max, the forward rounding, its
 * gradient in closed form, and codes packed into bit planes. Arrays returned are owned by the caller's scope. May depend
 * on DJL, {@link io.blocksmith.tensor}, {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.quant;
