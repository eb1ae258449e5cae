/**
 * Configuration: HOCON files and command-line assignments to immutable records, once, at start. Keys are the kebab-case
 * names of record components; {@code blocksmith-reference.conf} documents each and holds its default. Nothing else sees
 * a {@code Config}. Depends on Typesafe config, {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 */
package io.blocksmith.config;
