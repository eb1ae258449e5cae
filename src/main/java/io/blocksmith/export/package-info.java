/**
 * Model folders out: the trained state ({@link io.blocksmith.packed.PackedSource}) written as GPTQ or as plain weights,
 * read back by a decoder of its own and compared with that state; and exports opened again as
 * {@link io.blocksmith.llama.LlamaWeights}. Everything streams: at most one linear's packed words and a few of its rows
 * are in memory. Words in native memory belong to an arena of the method that makes them; arrays belong to the manager
 * handed in. May depend on DJL, the JSON library, {@link io.blocksmith.packed}, {@link io.blocksmith.llama},
 * {@link io.blocksmith.quant}, {@link io.blocksmith.safetensors}, {@link io.blocksmith.spec} and
 * {@link io.blocksmith.failure}.
 */
package io.blocksmith.export;
