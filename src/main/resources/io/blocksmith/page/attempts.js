// What runs now: one card for each attempt, with its loss curve.
import { byId, element, facts, mark, show, sync, widen, write } from "./dom.js";
import { curve, plot } from "./curve.js";
import { NONE, attemptPhase, count, isNumber, number, percent, duration, span, stage } from "./format.js";

export const ratio = (loss, reference) => isNumber(loss) && reference > 0 ? loss / reference : null;
export const isEndToEnd = key => key === "end-to-end";
/** What the reference of an attempt is the loss of. */
export const referenceName = key => isEndToEnd(key) ? "at its start" : String(key).startsWith("repair-") ? "before the repair" : "round-to-nearest";

/** A device that waits for data longer than this share of its time is worth a word. */
const NOTABLE_WAIT = 0.05;

export function renderAttempts(tree, serverNow) {
  const attempts = tree.attempts ?? [];
  write(byId("now-note"), attempts.length ? "" : idle(tree));
  show(byId("now-note"), attempts.length === 0);
  // A phone leaves out the curves of many: those of blocks come with a touch of the block.
  mark(byId("attempts"), "data-many", attempts.length > 4);
  sync(byId("attempts"), attempts, attempt => `${attempt.stage} ${attempt.attempt}`, card, (node, attempt) => update(node, attempt, tree, serverNow));
}

const TRAINING = ["train-block", "repair-block", "end-to-end"];
/** From when on a crash would cost what an attempt did: its newest checkpoint of known age, or else its begin. */
const keptUntil = attempt => Date.parse(attempt["saved-at"] ?? attempt.since);

/** The trainings under way, the one first that a crash would cost most. */
export function trainings(tree) {
  return (tree.attempts ?? []).filter(attempt => TRAINING.includes(attempt.kind) && Number.isFinite(keptUntil(attempt)))
    .sort((one, other) => keptUntil(one) - keptUntil(other));
}

function saved(attempt, serverNow) {
  if (!(attempt["saved-step"] > 0)) return "";
  const at = Date.parse(attempt["saved-at"]);
  return `saved ${count(attempt["saved-step"])}${Number.isFinite(at) ? `, ${span((serverNow - at) / 1000)} ago` : ", nothing since"}`;
}

function idle(tree) {
  if (tree.phase === "running") return (tree.workers ?? []).length ? "Nothing runs at this moment." : "Nothing runs: no worker has introduced itself yet.";
  return { paused: "Nothing runs; everything is saved.", completed: "Nothing runs: every stage has its result.", stopped: "Nothing runs; what was saved is kept.",
    submitted: "Nothing runs yet: the run waits for its turn." }[tree.phase] ?? "Nothing runs.";
}

function card() {
  return element("li", { class: "card" }, element("div", { class: "card-body" }, element("div", { class: "card-words" },
    element("div", { class: "card-head" }, element("h3"), element("span", {}, element("span", { class: "badge", "data-level": "warning", hidden: true }, "straggler"), element("span", { class: "card-worker" }))),
    element("p", { class: "card-what" }),
    element("div", { class: "track small", role: "progressbar", "aria-label": "Steps of this attempt", "aria-valuemin": "0", "aria-valuemax": "100" }, element("span", { class: "fill" })),
    element("dl", { class: "facts" })), curve()));
}

function update(node, attempt, tree, serverNow) {
  const [words, figure] = node.firstChild.children;
  const [head, what, track, list] = words.children;
  write(head.firstChild, `${stage(attempt.stage)}${attempt.attempt > 1 ? `, try ${attempt.attempt}` : ""}`);
  show(head.lastChild.firstChild, Boolean(attempt.straggler));
  write(head.lastChild.lastChild, attempt.worker);
  const epoch = attempt.epochs > 0 ? `epoch ${attempt.epoch} of ${attempt.epochs}` : null;
  const since = Date.parse(attempt.since);
  write(what, [attemptPhase(attempt.phase), epoch, Number.isFinite(since) ? span((serverNow - since) / 1000) : null].filter(Boolean).join(" · "));
  const done = attempt.steps > 0 ? attempt.step / attempt.steps : 0;
  widen(track.firstChild, done);
  mark(track, "aria-valuenow", Math.round(done * 100));
  mark(track, "aria-valuetext", attempt.steps > 0 ? `step ${attempt.step} of ${attempt.steps}` : "not known yet");
  const compared = ratio(attempt.loss, attempt.reference);
  const worse = compared !== null && compared >= 1;
  facts(list, [
    ["Step", attempt.steps > 0 ? `${count(attempt.step)} of ${count(attempt.steps)}` : NONE, saved(attempt, serverNow)],
    ["Loss", isNumber(attempt.loss) ? number(attempt.loss) : null, compared === null ? ""
      : `${percent(100 * compared)} of its validated start${worse ? ", not better yet" : ""}`],
    ["Speed", isNumber(attempt["tokens-per-second"]) ? `${count(attempt["tokens-per-second"])}\u00a0tokens/s` : null,
      [isNumber(attempt["step-seconds"]) ? `${duration(attempt["step-seconds"])}/step` : null,
        attempt["data-wait"] >= NOTABLE_WAIT ? `${percent(100 * attempt["data-wait"])} waits for data` : null].filter(Boolean).join(", ")],
  ]);
  const points = attempt.curve ?? [];
  const drawn = points.length > 0 && plot(figure, {
    lines: [{ name: "training", kind: "training", points }],
    reference: { name: `${referenceName(attempt.stage)} ${number(attempt.reference)}`, value: attempt.reference },
    steps: attempt.steps, subject: stage(attempt.stage),
  });
  show(figure, Boolean(drawn));
}
