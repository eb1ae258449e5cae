// Events with their reasons, newest first.
import { byId, element, mark, show, sync, write } from "./dom.js";
import { clock, stage } from "./format.js";

const SIGNS = { info: "·", warning: "▲", error: "✕" };
const MOST = 100;

export function renderEvents(tree) {
  const troubleOnly = byId("events-filter").checked;
  const events = (tree.events ?? []).slice(-MOST).reverse().filter(event => !troubleOnly || event.level !== "info");
  show(byId("events-note"), events.length === 0);
  write(byId("events-note"), troubleOnly ? "No warnings and no errors among the latest events." : "Nothing has happened yet.");
  sync(byId("events"), events, event => `${tree.run} ${event.sequence}`, item, () => {});
}

/** The server tells each event as a sentence that names stage, worker and reason. */
function item(event) {
  const level = SIGNS[event.level] ? event.level : "info";
  const node = element("li", {}, element("time", { datetime: event.at, title: event.at }, clock(Date.parse(event.at))),
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[level]),
    element("p", { title: event.kind }, level === "info" ? null : element("span", { class: "sr" }, `${level}: `), event.text || words(event)));
  mark(node, "data-level", level);
  return node;
}

const words = event => [String(event.kind ?? "event").replaceAll("-", " "), event.stage && stage(event.stage), event.worker].filter(Boolean).join(", ");
