package io.blocksmith.cluster;

import io.blocksmith.run.StageRunner;
import java.util.concurrent.Executor;

/**
 * What does the numerical work of one worker.
 *
 * @param numerics what it computes with; last bits depend on it
 * @param thread runs one task at a time, always on the same platform thread: native libraries keep state by thread
 */
public record Device(StageRunner runner, String numerics, Executor thread) {}
