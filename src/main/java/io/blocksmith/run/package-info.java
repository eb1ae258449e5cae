/**
 * The pure core of a run: stages, tickets, events, the state as their fold, the decisions taken from it, and the
 * supervisor that takes them. No Akka, no DJL, no files, no clock: time and randomness enter as arguments, so the core
 * can be simulated. Depends on {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.run;
