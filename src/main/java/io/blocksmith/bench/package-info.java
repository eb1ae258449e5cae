/**
 * Speed of a Block-AP step against the plain matrix product of the same process, on random weights of a known shape. May
 * depend on DJL and the packages that training depends on.
 */
package io.blocksmith.bench;
