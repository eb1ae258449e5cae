// The workers: what each works on, how fast, and what is wrong with it.
import { byId, element, mark, show, sync, write } from "./dom.js";
import { NONE, count, duration, isNumber, plural, stage } from "./format.js";

export function renderWorkers(tree, steering) {
  const workers = tree.workers ?? [];
  const busy = workers.filter(worker => attemptsOf(tree, worker).length > 0 || worker.assists).length;
  show(byId("workers-scroll"), workers.length > 0);
  write(byId("workers-note"), workers.length ? `${plural(workers.length, "worker")}, ${busy} at work` : "No worker is known at present.");
  sync(byId("worker-rows"), workers, worker => worker.name, row, (node, worker) => update(node, worker, tree, steering));
}

function attemptsOf(tree, worker) {
  return (tree.attempts ?? []).filter(attempt => attempt.worker === worker.name);
}

function states(worker, attempts) {
  const found = [];
  if (!worker.reachable) found.push(["error", "unreachable"]);
  if (worker.quarantined) found.push(["warning", "quarantined"]);
  if (worker.drained) found.push(["info", attempts.length ? "draining" : "drained"]);
  if (worker.slow || attempts.some(attempt => attempt.straggler)) found.push(["warning", attempts.some(attempt => attempt.straggler) ? "straggler" : "slow"]);
  if (!found.length) found.push(attempts.length || worker.assists ? ["good", "works"] : ["info", "idle"]);
  return found;
}

function row(worker) {
  // The roles again, because a phone's layout takes them from the table.
  return element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, element("span", { class: "worker-name" }, worker.name), element("span", { class: "badges" }), element("small")),
    element("td", { role: "cell", class: "work" }), element("td", { role: "cell", class: "number step" }), element("td", { role: "cell", class: "number speed" }),
    element("td", { role: "cell", class: "action" }));
}

function update(node, worker, tree, steering) {
  const attempts = attemptsOf(tree, worker);
  const [head, work, step, tokens, action] = node.children;
  sync(head.children[1], states(worker, attempts), ([, name]) => name, ([level, name]) => element("span", { class: "badge", "data-level": level }, name), () => {});
  write(head.lastChild, worker.numerics ?? "");
  mark(node, "data-reachable", String(worker.reachable));
  const lines = attempts.map(attempt => `${stage(attempt.stage)}${attempt.attempt > 1 ? `, try ${attempt.attempt}` : ""}${attempt.steps > 0 ? `, step ${count(attempt.step)} of ${count(attempt.steps)}` : ""}`);
  if (worker.assists) lines.push(`a share of ${stage(/\/(\S+) attempt /.exec(worker.assists)?.[1] ?? worker.assists)}`);
  if (!lines.length && worker.stage) lines.push(stage(worker.stage));
  sync(work, lines.length ? lines : [NONE], line => line, line => element("div", {}, line), () => {});
  const seconds = worker["step-seconds"] ?? attempts.map(attempt => attempt["step-seconds"]).find(isNumber);
  write(step, isNumber(seconds) ? duration(seconds) : NONE);
  mark(step, "data-none", !isNumber(seconds));
  mark(tokens, "data-none", attempts.length === 0);
  const speed = attempts.map(attempt => attempt["tokens-per-second"]).filter(isNumber);
  write(tokens, speed.length ? count(speed.reduce((sum, each) => sum + each, 0)) : NONE);
  const commands = steering.able && tree.phase !== "completed" ? [worker.drained ? "Undrain" : "Drain"] : [];
  sync(action, commands, name => name, name => {
    const button = steering.button(name, () => name === "Drain" ? steering.drain(worker.name) : steering.undrain(worker.name), "small");
    mark(button, "aria-label", `${name} ${worker.name}`);
    return button;
  }, button => steering.settle(button));
}
