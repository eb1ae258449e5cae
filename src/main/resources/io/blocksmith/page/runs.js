// The chooser: every run that the store holds, as a link. The address names the run that is shown.
import { read } from "./api.js";
import { byId, element, mark, show, sync, write } from "./dom.js";
import { isNumber, percent } from "./format.js";

const chosenRun = () => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
};

/** The run to show when the address names none: one that moves, or else the last. */
function defaultRun(runs) {
  return (runs.find(run => run.phase === "running") ?? runs.find(run => run.phase === "paused") ?? runs.at(-1))?.run ?? "";
}

/** The run that the address names. A default is written into it, so that it stays that run whatever the others do. */
export function addressed(runs) {
  const chosen = chosenRun();
  if (chosen) return chosen;
  const run = defaultRun(runs);
  if (run) history.replaceState(null, "", `#${encodeURIComponent(run)}`);
  return run;
}

let shown = null;

export async function readRuns(base) {
  return (await read(base, "/runs")).runs ?? [];
}

export function renderRuns(runs, chosen) {
  // A single run needs no choice, unless the address names another one, e.g. of an earlier server at this port.
  show(byId("runs"), runs.length > 1 || runs.some(({ run }) => run !== chosen));
  sync(byId("runs"), runs, run => run.run,
    run => element("a", { href: `#${encodeURIComponent(run.run)}` }, element("span", { class: "run-name" }, run.run), element("small")),
    (node, run) => {
      write(node.lastChild, [run.stale ? "stale" : run.phase, isNumber(run.percent) && run.phase !== "completed" ? percent(run.percent) : null].filter(Boolean).join(" "));
      mark(node, "aria-current", run.run === chosen ? "page" : null);
      mark(node, "data-stale", Boolean(run.stale));
      if (run.run === chosen && shown !== chosen) node.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  shown = chosen;
}
