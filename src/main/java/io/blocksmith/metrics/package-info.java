/**
 * What Prometheus sees: {@link io.blocksmith.metrics.Metric} names everything there is, the other classes keep the values
 * and serve them. Knows the pure core whose events it counts, and the Prometheus client; neither actors nor the device.
 */
package io.blocksmith.metrics;
