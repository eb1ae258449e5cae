/**
 * The categorised error of the whole system. Every message says what is wrong, where (file, tensor, block, key), what was
 * expected and found, and what to do. Depends on nothing.
 */
package io.blocksmith.failure;
