/**
 * The validated recipe of a run: immutable records, one per concern, whose constructors refuse impossible values by key.
 * A recipe is the part of a run that decides its bytes; paths, threads and intervals are not in it. Depends only on
 * {@link io.blocksmith.failure}.
 */
package io.blocksmith.spec;
