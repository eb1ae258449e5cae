/**
 * Commands of the launcher and the wiring of everything: the only package that knows both the actors and the stages. Exit
 * codes: 0 done, 1 failed, 2 wrong input or usage, 143 stopped by a signal after the present step.
 */
package io.blocksmith.cli;
