/**
 * Hidden states of many windows, kept in files and moved through decoder blocks one batch at a time, so that memory holds
 * a batch and never the calibration set. Arrays belong to the caller's scope. May depend on DJL,
 * {@link io.blocksmith.data}, {@link io.blocksmith.llama}, {@link io.blocksmith.tensor} and {@link io.blocksmith.spec}.
 */
package io.blocksmith.boundary;
