/**
 * Tests of what Blocksmith is on Kubernetes: the manifests of {@code k8s/}, and nodes that find each other through the
 * Kubernetes API, which is an imitation here. No cluster, no kubelet and no container engine takes part.
 */
package io.blocksmith.k8s;
