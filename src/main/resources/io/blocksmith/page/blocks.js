// The row of blocks: a cell each, coloured by what its loss is of round-to-nearest, and the figures of the chosen one.
import { ratio, referenceName } from "./attempts.js";
import { CommittedCurve } from "./committed.js";
import { curve, plot } from "./curve.js";
import { byId, element, facts, mark, show, sync, widen, write } from "./dom.js";
import { NONE, duration, isNumber, midSentence, number, percent, stage } from "./format.js";

const LEVELS = [[0.25, "1", "to 25 %"], [0.5, "2", "to 50 %"], [0.75, "3", "to 75 %"], [1, "4", "below 100 %"], [Infinity, "5", "▲ not better"]];
const STATES = { waiting: "waits", running: "runs", done: "done", failed: "failed" };
const REPAIRS = { waiting: "repair waits", running: "repair runs", done: "repaired", failed: "repair failed" };
const level = value => value === null ? null : LEVELS.find(([most]) => value < most || most === Infinity)[1];
const keyOf = block => `block-${String(block).padStart(3, "0")}`;

/** The cells and the panel below them; `place()` gives the base address, the run and the tree of now. */
export class Blocks {
  #place;
  #steering;
  #chosen = null;
  #committed = new CommittedCurve();
  #figure = curve();

  constructor(place, steering) {
    this.#place = place;
    this.#steering = steering;
    byId("detail-curve").append(this.#figure);
    byId("detail-close").addEventListener("click", () => this.#choose(null));
    byId("blocks").addEventListener("keydown", event => this.#move(event));
    const key = (name, words) => element("li", {}, element("span", { class: "cell sample", ...name, "aria-hidden": "true" }), words);
    byId("blocks-legend").append(element("li", {}, "Loss against round-to-nearest:"),
      ...LEVELS.map(([, name, words]) => key({ "data-level": name }, words)),
      key({ "data-state": "running" }, "runs: training loss so far"), key({ "data-state": "waiting" }, "waits"), key({ "data-state": "failed" }, "✕ failed"));
  }

  /** Another run: nothing of the old one stays. */
  forget() {
    this.#chosen = null;
    this.#committed.forget();
    show(byId("detail"), false);
  }

  render(tree) {
    const blocks = tree.blocks ?? [];
    show(byId("blocks-part"), blocks.length > 0);
    if (!blocks.length) return;
    const states = name => blocks.filter(block => block.state === name).length;
    const worse = blocks.filter(block => ratio(block["final-loss"], block["start-loss"]) >= 1).length;
    write(byId("blocks-note"), [`${states("done")} done`, `${states("running")} running`, `${states("waiting")} waiting`,
      states("failed") ? `${states("failed")} failed` : null, worse ? `${worse} not better than round-to-nearest` : null,
      "choose one for its figures and curve"].filter(Boolean).join(" · "));
    const running = new Map((tree.attempts ?? []).map(attempt => [attempt.stage, attempt]));
    const segments = new Map(blocks.map(({ segment }) => [segment, blocks.filter(block => block.segment === segment)]));
    sync(byId("blocks"), [...segments], ([segment]) => segment,
      ([segment]) => element("div", { class: "segment", role: "group", "aria-label": `Segment ${segment}` }, element("span", { class: "segment-name", "aria-hidden": "true" }), element("div", { class: "cells" })),
      (node, [segment, members]) => {
        write(node.firstChild, segments.size > 1 ? `Segment ${segment}` : "");
        show(node.firstChild, segments.size > 1);
        sync(node.lastChild, members, block => block.block, block => this.#cell(block), (cell, block) => this.#update(cell, block, running.get(keyOf(block.block))));
      });
    byId("blocks").dataset.many = String(blocks.length > 24);
    if (!byId("blocks").querySelector('.cell[tabindex="0"]')) mark(byId("blocks").querySelector(".cell"), "tabindex", "0");
    const chosen = blocks.find(block => block.block === this.#chosen);
    show(byId("detail"), Boolean(chosen));
    if (chosen) this.#detail(chosen, running.get(keyOf(chosen.block)) ?? running.get(keyOf(chosen.block).replace("block", "repair")), tree);
  }

  #cell(block) {
    const node = element("button", { type: "button", class: "cell", tabindex: "-1", "data-block": block.block, "aria-controls": "detail" },
      element("span", { class: "sr" }), ...["index", "ratio", "done", "repair"].map(part => element("span", { class: `cell-${part}`, "aria-hidden": "true" })));
    node.addEventListener("click", () => this.#choose(this.#chosen === block.block ? null : block.block));
    return node;
  }

  #update(node, block, attempt) {
    const live = block.state === "running" && attempt;
    const compared = live ? ratio(attempt.loss, attempt.reference) : ratio(block["final-loss"], block["start-loss"]);
    const [name, index, figure, done, repair] = node.children;
    mark(node, "data-state", block.state);
    mark(node, "data-level", block.state === "done" ? level(compared) : null);
    mark(node, "aria-expanded", this.#chosen === block.block ? "true" : "false");
    const worse = block.state === "done" && compared >= 1;
    write(index, `${worse ? "▲" : ""}${block.block}`);
    write(figure, block.state === "failed" ? "✕" : compared !== null && block.state !== "waiting" ? percent(100 * compared).replace("\u00a0", "") : block.state === "running" ? "…" : "");
    widen(done, live && attempt.steps > 0 ? attempt.step / attempt.steps : 0);
    mark(repair, "data-state", block.repair);
    write(repair, block.repair ? "R" : "");
    const words = [`Block ${block.block}: ${STATES[block.state] ?? block.state}`, compared === null ? null : live ? `training loss ${percent(100 * compared)} of the validation loss of round-to-nearest` : `loss ${percent(100 * compared)} of round-to-nearest`,
      live && attempt.steps > 0 ? `${percent(100 * attempt.step / attempt.steps)} of its steps` : null, REPAIRS[block.repair],
      block.worker ? `on ${block.worker}` : null, block.attempts > 1 ? `${block.attempts} tries` : null].filter(Boolean).join(", ");
    write(name, words);
    mark(node, "title", words);
  }

  /** Arrow keys move among the cells, so that the row is one stop of the tab key. */
  #move(event) {
    const cells = [...byId("blocks").querySelectorAll(".cell")];
    const at = cells.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: cells.length - 1 }[event.key];
    if (at < 0 || next === undefined || !cells[next]) return;
    event.preventDefault();
    mark(cells[at], "tabindex", "-1");
    mark(cells[next], "tabindex", "0");
    cells[next].focus();
  }

  #choose(block) {
    const before = this.#chosen;
    this.#chosen = block;
    this.#committed.forget();
    this.render(this.#place().tree);
    if (block === null && before !== null) byId("blocks").querySelector(`[data-block="${before}"]`)?.focus();
  }

  #detail(block, attempt, tree) {
    const key = keyOf(block.block);
    const compared = ratio(block["final-loss"], block["start-loss"]);
    const repaired = block["repair-final-loss"];
    write(byId("detail-title"), `Block ${block.block}`);
    facts(byId("detail-facts"), [
      ["State", [STATES[block.state] ?? block.state, REPAIRS[block.repair]].filter(Boolean).join(", "), block.worker ? `on ${block.worker}` : ""],
      ["Round-to-nearest", isNumber(block["start-loss"]) ? number(block["start-loss"]) : NONE, "loss it started from"],
      ["After Block-AP", isNumber(block["final-loss"]) ? number(block["final-loss"]) : NONE, compared === null ? "" : `${percent(100 * compared, 1)} of it${compared >= 1 ? ": not better" : ""}`],
      // Its inputs carry the errors of all blocks before: these two losses compare with each other only.
      ["After the repair", isNumber(block["repair-start-loss"]) ? number(repaired) : null,
        `${isNumber(repaired) ? `${percent(100 * ratio(repaired, block["repair-start-loss"]), 1)} of the ` : ""}${number(block["repair-start-loss"])} before it, on its own inputs`],
      ["Time", isNumber(block.seconds) ? duration(block.seconds) : NONE, block.attempts > 1 ? `${block.attempts} tries` : ""],
    ]);
    const committed = (tree.committed ?? []).find(entry => entry.stage === key);
    if (committed) this.#committed.want(this.#place(), key, committed.at, () => this.render(this.#place().tree));
    const done = this.#committed.curve;
    const lines = done && !attempt ? [{ name: "training", kind: "training", points: done.training }, { name: "validation", kind: "validation", points: done.validation }]
      : [{ name: "training", kind: "training", points: attempt?.curve }];
    const reference = attempt ? attempt.reference : block["start-loss"];
    const drawn = attempt?.stage ?? key;
    show(this.#figure, plot(this.#figure, { lines, reference: { name: `${referenceName(drawn)} ${number(reference)}`, value: reference }, steps: attempt?.steps, subject: stage(drawn) }));
    const retryable = this.#steering.able && tree.phase !== "completed" && !attempt && ["done", "failed"].includes(block.state);
    // A repair that failed is tried again by itself: the training before it has its result, which took hours.
    const failedRepair = block.repair === "failed";
    const wanted = failedRepair ? key.replace("block", "repair") : key;
    sync(byId("detail-actions"), retryable ? [block] : [], each => `${tree.run} ${wanted} ${each.state}`,
      each => this.#steering.button(`Retry ${midSentence(wanted)} …`, () => this.#steering.retry(wanted, !failedRepair && each.state === "done")), node => this.#steering.settle(node));
  }
}
