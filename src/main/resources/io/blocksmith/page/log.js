// Events with their reasons, newest first.
import { byId, element, mark, show, sync, write } from "./dom.js";
import { clock } from "./format.js";

const SIGNS = { info: "·", warning: "▲", error: "✕" };
const GAP = { sequence: "gap" };

export function renderEvents(tree) {
  const troubleOnly = byId("events-filter").checked;
  const all = [...tree.events ?? []].reverse();
  const events = troubleOnly ? all.filter(event => event.level !== "info") : withGap(all);
  show(byId("events-note"), events.length === 0);
  write(byId("events-note"), troubleOnly ? "No warnings and no errors so far." : "Nothing has happened yet.");
  sync(byId("events"), events, event => `${tree.run} ${event.sequence}`, event => event === GAP ? gap() : item(event),
    // What was today is another day's when the page stays open.
    (node, event) => event === GAP || write(node.firstChild, clock(Date.parse(event.at))));
}

/** The document has all of the latest events, and only warnings and errors of those before. */
function withGap(events) {
  const last = events.findIndex((event, index) => events[index + 1]?.sequence < event.sequence - 1);
  return last < 0 ? events : [...events.slice(0, last + 1), GAP, ...events.slice(last + 1)];
}

const gap = () => element("li", { class: "gap" }, "Before that, the latest warnings and errors only");

/** The server tells each event as a sentence that names stage, worker and reason. */
function item(event) {
  const level = SIGNS[event.level] ? event.level : "info";
  const node = element("li", {}, element("time", { datetime: event.at, title: event.at }),
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[level]),
    element("p", { title: event.kind }, level === "info" ? null : element("span", { class: "sr" }, `${level}: `), event.text));
  mark(node, "data-level", level);
  return node;
}
