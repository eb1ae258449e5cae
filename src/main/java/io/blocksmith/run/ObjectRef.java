package io.blocksmith.run;

/**
 * An immutable object that a committed stage left in the store.
 *
 * @param name path below the run folder, with forward slashes
 * @param bytes its length
 * @param sha256 its digest, lower-case hexadecimal
 */
public record ObjectRef(String name, long bytes, String sha256) {}
