/**
 * What is to be said of files and of whatever else the operating system answers for: {@link io.blocksmith.files.Reason why
 * it failed}, and {@link io.blocksmith.files.ForeignContent what lies in a file's place}. May know {@code failure} only;
 * owns nothing.
 */
package io.blocksmith.files;
