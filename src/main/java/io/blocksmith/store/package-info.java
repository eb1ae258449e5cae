/**
 * What of a run survives: immutable named objects, the ledger of its events, its frozen specification, and the rule by
 * which superseded objects are deleted. The only package that knows names inside a run folder and how records look as
 * JSON. Objects are files of one folder or keys of a bucket: see {@link io.blocksmith.store.DirectoryStore} and {@link
 * io.blocksmith.store.S3} for what those must promise. Depends on {@link io.blocksmith.run}, {@link
 * io.blocksmith.failure}, Jackson and the AWS SDK.
 */
package io.blocksmith.store;
