/**
 * How long a run would take: its real decision core on a simulated cluster in virtual time. Nothing is trained; durations
 * follow from floating-point operations and bytes. Depends on {@link io.blocksmith.run}, {@link io.blocksmith.estimate},
 * {@link io.blocksmith.llama}, {@link io.blocksmith.spec} and {@link io.blocksmith.failure}.
 *
 * <p>What is real: the plan, the supervisor with every decision, the failure policy, the fleet with its leases and
 * quarantines, and the fold of the events, as {@link io.blocksmith.run} has them. What is assumed:
 *
 * <ul>
 *   <li>Every node computes at one rate, the same for all stages: that of a Block-AP step. Matrix products and attention
 *       are counted ({@link io.blocksmith.estimate.Work}), nothing else.
 *   <li>Hidden states pass the store once in, before a stage computes, and once out, before it commits. What training
 *       reads in between hides behind computing. The original model's weights cost no time.
 *   <li>Each node has a bandwidth of its own to the store; the store as a whole is never the limit.
 *   <li>A checkpoint holds the device for a local write; its upload goes on beside the training, and no other begins
 *       before it is over. Both phases save so. Other stages start anew when their worker is lost.
 *   <li>E2E-QP is shared as {@code stage.SharedGradients} does it: equal replicas, whole shards, every replica writes its
 *       shards and then reads all of them. Replicas wait for the one with most shards. A helper takes part once it has
 *       loaded the model and a checkpoint that the leader made for it. One that vanishes costs the others a wait of three
 *       shards' time and its share. After a loss of the leader, shared steps are read, not computed.
 *   <li>Nodes fail independently at exponential times, whatever they do, and are back, empty, after a fixed time. They
 *       are known to be gone after a fixed time. Nothing else fails: no disk, no network, no step that hangs, no bytes
 *       that rot, and no store that is full.
 *   <li>Messages, decisions and records of the ledger take no time. When a supervisor's node fails, workers go on, and
 *       another coordinator takes over after a fixed time.
 * </ul>
 */
package io.blocksmith.simulate;
