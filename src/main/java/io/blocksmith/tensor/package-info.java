/**
 * The bridge to DJL's PyTorch engine: the device and its thread, gradient mode, TorchScript written by Java, arrays filled
 * from memory, process memory. Native arrays belong to the {@code NDManager} or {@code NDScope} they are born in; what a
 * method returns is owned by the caller's scope unless its Javadoc says otherwise. May depend on DJL and
 * {@link io.blocksmith.failure} only.
 */
package io.blocksmith.tensor;
