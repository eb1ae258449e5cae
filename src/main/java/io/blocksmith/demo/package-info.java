/**
 * The bundled demo model and the tool that made it: learn a tokenizer ({@link io.blocksmith.demo.BytePairTrainer}),
 * train a small Llama from nothing ({@link io.blocksmith.demo.Pretrainer}), sample texts from it ({@link
 * io.blocksmith.demo.Sampler}), and unpack what is bundled ({@link io.blocksmith.demo.DemoFiles}). Parameters and
 * caches belong to a sub-manager that their maker closes; everything else dies with its step's scope. May depend on
 * DJL, {@link io.blocksmith.train}, {@link io.blocksmith.llama}, {@link io.blocksmith.tensor}, {@link
 * io.blocksmith.safetensors}, {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.demo;
