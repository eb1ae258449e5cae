// The head of the page: what run this is, how far it is, and what keeps it from going on.
import { trainings } from "./attempts.js";
import { byId, facts, mark, show, widen, write } from "./dom.js";
import { NONE, clock, count, isNumber, number, percent, plural, span, stage, subject } from "./format.js";

const PHASES = { running: "running", submitted: "waiting for its turn", paused: "paused", stopped: "stopped", completed: "completed", new: "not started" };
/** Phases in which it matters how much would be lost. */
const SAVING = ["running", "paused", "stopped"];
const BEST = ["end-to-end", "block-ap"];

export const phaseName = tree => tree.stopping && tree.phase === "running" ? "stopping" : PHASES[tree.phase] ?? tree.phase;
export const share = tree => isNumber(tree.percent) ? tree.percent : isNumber(tree.fraction) ? 100 * tree.fraction : null;

export function renderOverview(tree) {
  write(byId("title"), tree.run || "unnamed run");
  write(byId("phase"), phaseName(tree));
  mark(byId("phase"), "data-phase", tree.phase);
  write(byId("recipe"), recipe(tree.recipe, tree.where));
  const done = share(tree);
  const track = byId("progress");
  mark(track, "aria-valuenow", isNumber(done) ? Math.floor(done * 10) / 10 : null);
  mark(track, "aria-valuetext", isNumber(done) ? `${percent(done, 1)}, ${phaseName(tree)}` : "not known yet");
  mark(track, "data-phase", tree.phase);
  widen(track.firstElementChild, (done ?? 0) / 100);
  renderFailure(tree.failure);
  show(byId("trouble"), Boolean(tree.trouble));
  write(byId("trouble"), tree.trouble ? `Trouble: ${tree.trouble}` : "");
  const resting = tree.rest && tree.phase !== "completed" && !tree.failure;
  show(byId("rest"), Boolean(resting));
  write(byId("rest"), resting ? `${phaseName(tree)[0].toUpperCase()}${phaseName(tree).slice(1)} since ${clock(Date.parse(tree.rest.since))}: ${tree.rest.reason}` : "");
}

function recipe(wanted, where) {
  if (!wanted) return where ?? "";
  const parts = [plural(wanted.bits, "bit"),
    wanted["group-size"] > 0 ? `groups of ${wanted["group-size"]}` : "one group a row",
    wanted.symmetric ? "symmetric" : null,
    wanted.segments > 1 ? plural(wanted.segments, "segment") : null,
    isNumber(wanted["train-samples"]) ? `${plural(wanted["train-samples"], "sample")} × ${plural(wanted.epochs, "epoch")}` : null,
    wanted["repair-samples"] > 0 ? `repair with ${plural(wanted["repair-samples"], "sample")}` : null, where];
  return parts.filter(Boolean).join(" · ");
}

function renderFailure(failure) {
  show(byId("failure"), Boolean(failure));
  if (!failure) return;
  write(byId("failure-title"), `Stopped: ${stage(failure.stage)} failed for good`);
  write(byId("failure-reason"), `${failure.reason} (${failure.category}, ${clock(Date.parse(failure.at))})`);
  write(byId("failure-advice"), failure["what-to-do"]);
}

/** The later of two checkpoints; each may be null. A document tells only of those of what runs at its moment. */
export function newer(known, told) {
  return known && !(told && Date.parse(told.at) >= Date.parse(known.at)) ? known : told ?? null;
}

/**
 * The figures that age by themselves are drawn each second; `checkpoint` is the newest that the page knows of this run, to
 * tell while nothing trains, `serverNow` the server's clock.
 */
export function renderFigures(tree, checkpoint, serverNow) {
  const done = share(tree);
  const blocks = tree.blocks ?? [];
  const left = tree["seconds-left"];
  const known = tree.perplexities ?? {};
  const best = BEST.find(key => isNumber(known[key]));
  facts(byId("figures"), [
    ["Done", percent(done, 1), `${tree.done} of ${plural(tree.total, "stage")}`],
    ["Time left", ["completed", "stopped"].includes(tree.phase) ? null : isNumber(left) ? span(left) : NONE,
      isNumber(left) ? `until about ${clock(Date.parse(tree.now) + left * 1000, false)}` : tree.phase === "running" ? "known after some steps" : ""],
    ["Blocks", blocks.length ? `${blocks.filter(block => block.state === "done").length} of ${blocks.length}` : null, verdict(blocks)],
    ["Last checkpoint", ...saving(tree, checkpoint, serverNow)],
    ["Perplexity", best ? number(known[best], 4) : null,
      best ? `${lower(subject(best))}${isNumber(known["full-precision"]) ? `; full precision ${number(known["full-precision"], 4)}` : ""}` : ""],
  ]);
}

/** Of several trainings the one that was not saved for longest: the newest would promise what one crash can break. */
function saving(tree, checkpoint, serverNow) {
  if (!SAVING.includes(tree.phase)) return [null, ""];
  const ago = at => span((serverNow - Date.parse(at)) / 1000);
  const [worst, ...others] = trainings(tree);
  const among = others.length ? `, the oldest of ${others.length + 1}` : "";
  if (worst?.["saved-at"]) return [`${ago(worst["saved-at"])} ago`, `${stage(worst.stage)}, step ${count(worst["saved-step"])}${among}`];
  if (worst?.["saved-step"] > 0) return ["None since", `${stage(worst.stage)} went on from step ${count(worst["saved-step"])} ${ago(worst.since)} ago`];
  if (worst) return ["None yet", `${stage(worst.stage)} runs for ${ago(worst.since)}`];
  return checkpoint ? [`${ago(checkpoint.at)} ago`, `${stage(checkpoint.stage)}, step ${count(checkpoint.step)}`] : [NONE, tree.attempts?.length ? "none yet of what runs now" : "not known while nothing runs"];
}

const lower = words => words[0].toLowerCase() + words.slice(1);

const median = sorted => (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;

function verdict(blocks) {
  const compared = blocks.filter(block => block["start-loss"] > 0 && isNumber(block["final-loss"]));
  if (!compared.length) return "";
  const ratios = compared.map(block => block["final-loss"] / block["start-loss"]).sort((one, other) => one - other);
  return `median loss ${percent(100 * median(ratios))} of its start`;
}
