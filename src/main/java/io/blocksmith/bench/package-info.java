/**
 * Measurements on random weights of a known shape: a Block-AP step against the plain matrix product of the same process,
 * and the bare training loop that a whole run is compared with. May depend on DJL and the packages that training depends
 * on.
 */
package io.blocksmith.bench;
