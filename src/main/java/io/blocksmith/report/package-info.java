/**
 * The report of a finished run: the figures as records, {@code report.json} for programs and a self-contained
 * {@code report.html} for people. Depends on {@link io.blocksmith.run}, {@link io.blocksmith.failure} and Jackson; whoever
 * wires a run collects the figures.
 */
package io.blocksmith.report;
