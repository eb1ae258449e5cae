/**
 * The pure core of a run: stages, tickets, events, the state as their fold, and the decisions taken from it. No Akka,
 * no DJL, no files, no clock: time and randomness enter as arguments, so the core can be simulated. Depends on
 * {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.run;
