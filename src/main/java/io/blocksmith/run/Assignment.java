package io.blocksmith.run;

/** One attempt as a worker is given it. */
public record Assignment(Ticket ticket, Adjustment adjustment) {}
