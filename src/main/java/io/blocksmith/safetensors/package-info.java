/**
 * The safetensors format: headers read under the limits of the reference implementation, tensors mapped one at a time,
 * files and sharded folders written. Knows no arrays: data is {@code MemorySegment}s. A mapping belongs to the arena the
 * caller hands in. May depend on the JSON library and {@link io.blocksmith.failure}.
 */
package io.blocksmith.safetensors;
