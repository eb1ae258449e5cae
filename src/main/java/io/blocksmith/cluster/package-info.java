/**
 * The actors that carry a run out; transport and placement only. What to do next is decided by the pure core, what has
 * happened is in the journal, and the numerical work is behind {@link io.blocksmith.run.StageRunner}, on a device
 * thread that only tells actors things. No actor computes or blocks. Messages carry ids, numbers, object names and
 * digests, never tensors. Depends on {@link io.blocksmith.run} and Akka.
 *
 * <pre>
 * RunSupervisor            carries out what the core's supervisor wants: appends, then tells
 *   SegmentSupervisor      one per segment: places its stages on workers
 *   EndToEndCoordinator    the same for the stages over the whole model
 * WorkerNode               one per device
 *   BlockTrainer           one per attempt at a block
 *   StageAttempt           one per attempt at anything else
 * </pre>
 */
package io.blocksmith.cluster;
