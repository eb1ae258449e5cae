/**
 * Calls to an address of the user's when a run changes. Knows nothing of runs but names and sentences; addresses and tokens
 * are secret and never in a log.
 */
package io.blocksmith.webhook;
