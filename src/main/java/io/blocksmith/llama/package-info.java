/**
 * The Llama decoder: configuration, weights read block by block, and the forward pass in paper order. Arrays returned are
 * owned by the manager handed in or by the caller's scope. May depend on DJL, {@link io.blocksmith.tensor},
 * {@link io.blocksmith.safetensors} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.llama;
