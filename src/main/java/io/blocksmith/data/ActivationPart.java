package io.blocksmith.data;

/**
 * Consecutive samples of a longer stream, written as a stream of their own.
 *
 * @param layout of this part alone
 * @param files its shards
 */
public record ActivationPart(ActivationLayout layout, ShardFiles files) {}
