/**
 * One class of ours in the place of Akka's of the same name: the framing of the remoting port, with bounds. It has to be in
 * Akka's package to be found instead; it knows Akka only. See decision 0024.
 */
package akka.remote.artery.tcp;
