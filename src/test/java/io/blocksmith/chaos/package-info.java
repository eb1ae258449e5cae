/**
 * A cluster of real JVMs that are killed, frozen and stopped, at named points and at random. The nodes run the classes of
 * the commands {@code coordinator} and {@code worker}; what they do with their stores and in their stages passes a
 * {@link io.blocksmith.chaos.FaultGate}, where the test can hold them.
 */
package io.blocksmith.chaos;
