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
  sync(byId("events"), events, event => event.sequence, item, () => {});
}

function item(event) {
  const at = Date.parse(event.at);
  const about = [event.stage ? stage(event.stage) : null, event.attempt > 1 ? `try ${event.attempt}` : null, event.worker].filter(Boolean).join(" · ");
  const level = SIGNS[event.level] ? event.level : "info";
  const time = element("time", { datetime: event.at, title: event.at }, clock(at));
  const body = element("div", {}, element("p", { class: "event-head" },
    level === "info" ? null : element("span", { class: "sr" }, `${level}: `),
    element("strong", {}, String(event.kind ?? "event").replaceAll("-", " ")), " ", about ? element("span", { class: "event-about" }, about) : null),
    event.text ? element("p", { class: "event-text" }, event.text) : null);
  const node = element("li", {}, time, element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[level]), body);
  mark(node, "data-level", level);
  return node;
}
