// The live page of runs: wires the parts. A document comes from the feed, every part draws what it says; a clock of one
// second draws what ages by itself. Nothing is kept but the latest document, and the newest checkpoint that one told of.
import { Refusal, forgetToken, own, reasonOf } from "./api.js";
import { renderAttempts } from "./attempts.js";
import { Blocks } from "./blocks.js";
import { byId, show, write } from "./dom.js";
import { Feed } from "./feed.js";
import { clock, percent } from "./format.js";
import { renderFreshness } from "./freshness.js";
import { renderEvents } from "./log.js";
import { newer, phaseName, renderFigures, renderOverview, share } from "./overview.js";
import { EndToEnd, renderPerplexities } from "./quality.js";
import { addressed, readRuns, renderRuns } from "./runs.js";
import { Steering, askForToken } from "./steer.js";
import { renderWorkers } from "./workers.js";

const LOOK_FOR_RUNS = 10_000;

const view = { run: "", tree: null, receivedAt: null, checkpoint: null, base: own, lost: null, refusal: null };
// With the connection lost, what is asked goes where the feed tries next.
const place = () => ({ base: view.lost ? feed.base : view.base, run: view.run, tree: view.tree });
const steering = new Steering(place, () => draw());
const blocks = new Blocks(place, steering);
const endToEnd = new EndToEnd(place);
let runs = [];
let lookedForRuns = 0;

const feed = new Feed({
  document(tree, base) {
    announce(view.tree, tree);
    Object.assign(view, { tree, checkpoint: newer(view.checkpoint, tree["last-checkpoint"]), base, receivedAt: Date.now(), lost: null, refusal: null });
    draw();
  },
  connected(base, cluster) {
    steering.able = cluster["can-change"] === true;
    write(byId("footer"), `Blocksmith ${cluster.version ?? ""} · coordinator ${new URL(base).host} · GET ${base}/api/v1/openapi.json describes the API`);
    draw();
  },
  lost(base, reason, next) {
    view.lost = { base, reason, next };
    // What one server is certain of stays until that one says otherwise, or any has the run.
    if (view.refusal?.base === base) view.refusal = null;
    age();
  },
  refused(base, { status, message }, next) {
    refuse(base, status, message);
    view.lost = { base, reason: message, next };
    age();
  },
});

/** A peer may have another token: only the server of this page tells that the one at hand is wrong. */
function refuse(base, status, message) {
  if (status === 401 && base === own) forgetToken();
  view.refusal = { base, status, message };
}

function draw() {
  const { tree } = view;
  if (tree) {
    show(byId("run"), true);
    show(byId("empty"), false);
    renderOverview(tree);
    steering.render(tree);
    blocks.render(tree);
    endToEnd.render(tree);
    renderPerplexities(tree);
    renderWorkers(tree, steering);
    renderEvents(tree);
  }
  renderRuns(runs, view.run);
  age();
}

/** What changes with the time alone. */
function age() {
  const now = Date.now();
  entitle(renderFreshness(view, now));
  if (!view.tree) return;
  const sent = Date.parse(view.tree.now);
  const serverNow = (Number.isFinite(sent) ? sent : view.receivedAt) + now - view.receivedAt;
  renderFigures(view.tree, view.checkpoint, serverNow);
  renderAttempts(view.tree, serverNow);
}

/** The title is read without looking at the page, so it says by itself when it may no longer hold. */
function entitle(stale) {
  const { tree, receivedAt } = view;
  const doubt = document.hidden ? `as of ${clock(receivedAt, false, true)}: ` : stale ? "stale: " : "";
  const words = tree ? `${doubt}${Number.isFinite(share(tree)) ? `${percent(share(tree))} ` : ""}${phaseName(tree)} · ` : "";
  const title = `${words}${view.run ? `${view.run} – ` : ""}Blocksmith`;
  if (document.title !== title) document.title = title;
}

/** Screen readers hear of changes of the whole run, not of each step. */
function announce(before, tree) {
  if (!before) return;
  const words = [];
  if (phaseName(before) !== phaseName(tree)) words.push(`The run is ${phaseName(tree)}.`);
  if (before.done !== tree.done) words.push(`${tree.done} of ${tree.total} stages done.`);
  if (words.length) write(byId("announce"), words.join(" "));
}

function follow(run) {
  view.run = run;
  Object.assign(view, { tree: null, checkpoint: null, receivedAt: null, lost: null, refusal: null });
  blocks.forget();
  endToEnd.forget();
  show(byId("run"), false);
  write(byId("outcome"), "");
  if (run && !document.hidden) feed.start(run);
  else feed.stop();
  draw();
}

async function lookForRuns() {
  lookedForRuns = Date.now();
  const base = view.lost ? feed.base : view.base;
  try {
    runs = await readRuns(base);
    if (!view.run) view.refusal = view.lost = null;
  } catch (error) {
    // With a run, the feed tells what is wrong.
    if (!view.run) {
      view.refusal = null;
      if (error instanceof Refusal && error.decided) refuse(base, error.status, error.message);
      else view.lost = { base, reason: reasonOf(error), next: base };
    }
    return age();
  }
  show(byId("empty"), runs.length === 0 && !view.tree);
  write(byId("empty-title"), "No run yet");
  write(byId("empty-text"), "./blocksmith submit RECIPE starts one in a cluster, ./blocksmith quantize in one process. It shows here by itself.");
  const run = addressed(runs);
  if (run && run !== view.run) follow(run);
  else draw();
}

function tick() {
  if (document.hidden) return;
  age();
  if (Date.now() - lookedForRuns > LOOK_FOR_RUNS) lookForRuns();
}

addEventListener("hashchange", () => follow(addressed(runs)));
// Nobody looks: no connection, no drawing. The stream begins with the whole document, so nothing is missed.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    feed.stop();
    age();
  } else if (view.run) {
    feed.start(view.run);
  }
});
byId("events-filter").addEventListener("change", () => draw());
// As a link it would put its target into the address, which names the run.
document.querySelector(".skip").addEventListener("click", event => {
  event.preventDefault();
  byId("main").focus();
});
byId("stale-token").addEventListener("click", async () => {
  if (!await askForToken(view.refusal?.message ?? "This server wants a token.")) return;
  view.refusal = null;
  if (view.run) feed.hurry();
  lookForRuns();
});
setInterval(tick, 1000);
lookForRuns();
