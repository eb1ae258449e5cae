/**
 * What of a run survives: immutable named objects, the ledger of its events, its frozen specification, and the rule by
 * which superseded objects are deleted. The only package that knows names inside a run folder and how records look as
 * JSON. Depends on {@link io.blocksmith.run}, {@link io.blocksmith.failure} and Jackson.
 */
package io.blocksmith.store;
