// Whether what is shown is how it is: says since when it is not, and why.
import { own } from "./api.js";
import { byId, mark, show, write } from "./dom.js";
import { SILENCE } from "./feed.js";
import { clock, span } from "./format.js";

const PULSES = {
  stale: "The supervisor's heartbeat is old: it is dead, frozen or cut off, or the clocks of two machines differ. In a cluster another coordinator takes over.",
  gone: "The supervisor's process is no more. In a cluster another coordinator takes over; otherwise start the run again.",
  released: "Its supervisor ended in order. In a cluster another coordinator takes over; otherwise it goes on when it is started again.",
  none: "Nobody supervises this run yet.",
};
const REFUSALS = { 401: "Token needed.", 403: "No entry.", 404: "No such run." };
const FINAL = ["completed", "stopped"];
const SUPERVISED = ["running", "paused"];

/**
 * Draws the notice and the sign in the head; called each second. Returns whether the figures may be out of date.
 *
 * @param {{tree, receivedAt, base, lost: ?{base, reason, next}, refusal: ?{base, status, message}}} view
 */
export function renderFreshness({ tree, receivedAt, base, lost, refusal }, now) {
  const age = receivedAt === null ? null : now - receivedAt;
  const silent = age === null ? false : age > SILENCE || (lost !== null && age > 5_000);
  const pulse = tree?.supervisor?.pulse;
  const unsupervised = tree && SUPERVISED.includes(tree.phase) && pulse !== "live";
  const where = base === own ? "" : ` by way of ${host(base)}`;
  if (refusal) {
    notice(REFUSALS[refusal.status], [`${refusal.base === own ? "" : `${host(refusal.base)}: `}${sentence(refusal.message)}`, silent ? aged(age, receivedAt) : ""].join(" "), refusal.status === 401);
  } else if (silent && FINAL.includes(tree.phase)) notice("Nothing new.", `The run had ${tree.phase} before; these are its figures of ${clock(receivedAt)}. ${trying(lost)}`);
  else if (silent) notice("Stale.", `${aged(age, receivedAt)} ${trying(lost)}`);
  else if (unsupervised && !tree.failure) {
    const beat = tree.supervisor["seconds-since-beat"];
    notice("Stale.", `${typeof beat === "number" ? `No heartbeat for ${span(beat + age / 1000)}. ` : ""}${PULSES[pulse] ?? "The supervisor's state is not known."}`);
  } else if (tree === null && lost) notice("Nothing to show yet.", trying(lost));
  else notice("", "");
  const bad = refusal || silent || unsupervised;
  mark(byId("link"), "data-state", bad ? "stale" : tree === null || lost ? "connecting" : "live");
  write(byId("link-text"), refusal ? "Refused" : silent ? `Stale ${span(age / 1000)}` : unsupervised ? "Not supervised" : tree === null ? "Connecting" : lost ? "Reconnecting" : `Live${where}`);
  mark(byId("run"), "data-stale", String(Boolean(silent || unsupervised)));
  return Boolean(bad);
}

const host = base => new URL(base).host;
const sentence = words => /[.!?]$/.test(words) ? words : `${words}.`;
const aged = (age, receivedAt) => `Nothing new for ${span(age / 1000)}; the figures are those of ${clock(receivedAt)}.`;
const trying = lost => lost ? `${host(lost.base)}: ${sentence(lost.reason)} Trying ${host(lost.next)}.` : "Waiting for the server.";

let announced = "";

/** Screen readers hear the title when it changes, and not the age that counts up beside it. */
function notice(title, text, token = false) {
  show(byId("stale"), title !== "");
  write(byId("stale-title"), title);
  write(byId("stale-text"), text);
  show(byId("stale-token"), token);
  if (title === announced) return;
  announced = title;
  write(byId("announce"), title || "The figures are live.");
}
