/**
 * A run as its store shows it, to whoever can read that: the command line, the API, the page. Knows the records that
 * supervisors leave in a store; looks, and changes nothing.
 */
package io.blocksmith.status;
