// The page in a browser against scripted documents. Run by PageTest; by hand see fake-server.mjs.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { accessibilityProblems, launch, open, shoot, until } from "./browser.mjs";
import * as documents from "./documents.mjs";
import { FakeServer, TOKEN } from "./fake-server.mjs";

const LARGE = "llama-2-70b-w2g64";
const MAKERS = { [LARGE]: () => documents.large(), first: documents.endToEnd, resting: documents.paused, finished: documents.completed, repairing: documents.repairing, poison: documents.failed };

let browser;
let server;
let servers;
let pages;

before(async () => { browser = await launch(); });
after(() => browser.close());
beforeEach(async () => {
  servers = [];
  pages = [];
  server = await another();
});
afterEach(async context => {
  const complaints = pages.flatMap(page => page.complaints);
  await Promise.all(pages.map(page => page.context().close()));
  await Promise.all(servers.map(each => each.kill().catch(error => assert.equal(error.code, "ERR_SERVER_NOT_RUNNING"))));
  assert.deepEqual(complaints, [], `complaints of the console in: ${context.name}`);
});

async function another() {
  const made = new FakeServer();
  for (const [name, make] of Object.entries(MAKERS)) made.runs.set(name, make);
  servers.push(await made.start());
  return made;
}

async function show(run, options) {
  const page = await open(browser, `${server.url}/#${encodeURIComponent(run)}`, options);
  pages.push(page);
  return page;
}

async function shown(run, options) {
  const page = await show(run, options);
  await page.locator("#run:not([hidden])").waitFor();
  return page;
}

const text = (page, selector) => page.locator(selector).innerText().then(words => words.replaceAll("\u00a0", " "));
const has = (page, selector, words) => page.locator(selector).filter({ hasText: words }).waitFor();
const gone = (page, selector) => page.locator(selector).waitFor({ state: "hidden" });

async function giveToken(page, token = TOKEN) {
  await page.getByLabel("http.token of this cluster").fill(token);
  await page.getByRole("button", { name: "Use it" }).click();
}

test("a large run shows each of its parts", async () => {
  const page = await shown(LARGE);
  assert.equal(await text(page, "#title"), LARGE);
  assert.equal(await text(page, "#phase"), "running");
  assert.match(await text(page, "#recipe"), /2 bits · groups of 64 · 8 segments · 4,096 samples × 2 epochs/);
  assert.equal(await page.getByRole("progressbar", { name: "The whole run" }).getAttribute("aria-valuenow"), "43");
  assert.match(await text(page, "#figures"), /43\.0 %[^]*22 h 42 min[^]*35 of 80[^]*5 min [45]\d s ago\s+Block 44, step 2,304, the oldest of 7/);
  assert.match(await text(page, "#blocks-note"), /35 done · 7 running · 38 waiting · 1 not better/);
  assert.equal(await page.locator("#blocks .cell").count(), 80);
  await page.getByRole("button", { name: /^Block 5: runs, training loss \d\d.% of the validation loss of round-to-nearest, 29.% of its steps/ }).waitFor();
  await page.getByRole("button", { name: "Block 73: done, loss 113\u00a0% of round-to-nearest, on gpu-7", exact: true }).waitFor();
  assert.equal(await page.locator("#attempts .card").count(), 7);
  const card = await text(page, "#attempts .card >> nth=0");
  assert.match(card, /Block 5[^]*gpu-0[^]*training · epoch 1 of 2[^]*1,200 of 4,096[^]*saved 1,024, 4\d s ago[^]*\d\d % of its validated start[^]*tokens\/s[^]*780 ms\/step[^]*round-to-nearest 0\.00158/);
  assert.match(await page.locator("#attempts svg").first().getAttribute("aria-label"), /^Block 5: training from .* at step 6 to .* at step 1,200; round-to-nearest 0\.00158$/);
  for (const [worker, state] of [["gpu-0", "works"], ["gpu-4", "straggler"], ["gpu-6", "unreachable"], ["gpu-8", "drained"], ["gpu-9", "quarantined"]]) {
    await page.getByRole("row", { name: worker }).filter({ hasText: state }).waitFor();
  }
  assert.match(await text(page, "#quality"), /Round-to-nearest\s+82\.41\s+24\.8/);
  assert.match(await text(page, "#events li >> nth=2"), /error:\s+block-064 failed on gpu-6: CUDA error/);
  await page.locator("#link", { hasText: /^Live$/ }).waitFor();
  assert.match(await page.title(), /^43.% running · llama-2-70b-w2g64/);
  await page.getByLabel("warnings and errors only").check();
  assert.equal(await page.locator("#events li").count(), 2);
});

test("a run moves without a reload and without losing the focus", async () => {
  let tick = 0;
  server.runs.set(LARGE, () => documents.large(tick));
  const page = await shown(LARGE);
  await page.getByRole("button", { name: "Drain gpu-3" }).focus();
  await page.evaluate(() => { globalThis.mark = true; });
  tick = 77;
  server.send();
  await has(page, "#attempts .card >> nth=0", "1,277 of 4,096");
  assert.equal(await page.evaluate(() => globalThis.mark && document.activeElement.getAttribute("aria-label")), "Drain gpu-3");
});

test("nothing rounds to the whole, and the median is the one in the middle", async () => {
  const [first, second] = documents.endToEnd().blocks;
  const blocks = [{ ...first, "start-loss": 1, "final-loss": 0.9996 }, { ...second, "start-loss": 1, "final-loss": 0.5 }];
  server.runs.set("first", () => ({ ...documents.endToEnd(), blocks, percent: 99.97 }));
  const page = await shown("first");
  assert.match(await text(page, "#figures"), /Done\s+99\.9 %[^]*median loss 75 % of its start/);
  assert.match(await page.title(), /^99.% running/);
  assert.equal(await page.getByRole("progressbar", { name: "The whole run" }).getAttribute("aria-valuenow"), "99.9");
  await page.getByRole("button", { name: /^Block 0: done, loss 99.% of round-to-nearest/ }).waitFor();
});

test("no width of a phone makes a run scroll sideways", async () => {
  for (const run of Object.keys(MAKERS)) {
    const page = await shown(run, { viewport: { width: 360, height: 780 }, hasTouch: true });
    await has(page, "#link", "Live");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, `${run} is wider than the phone`);
    const top = async part => (await page.locator(part).boundingBox()).y;
    assert.ok(await top("#events-part") < await top("#workers-part"), `${run}: events come before the workers`);
    await shoot(page, `phone-${run}`);
  }
});

test("light and dark follow the system, and both can be read by everybody", async () => {
  const grounds = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const run of Object.keys(MAKERS)) {
      const page = await shown(run, { colorScheme });
      await has(page, "#link", "Live");
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      assert.equal((await accessibilityProblems(page)).join("\n"), "", `${run} in ${colorScheme}`);
      await shoot(page, `${colorScheme}-${run}`);
      await page.context().close();
    }
  }
  assert.deepEqual([...new Set(grounds)], ["rgb(255, 255, 255)", "rgb(18, 21, 26)"]);
});

test("every button has a name, on every run and in every dialog", async () => {
  for (const run of Object.keys(MAKERS)) {
    const page = await shown(run);
    await has(page, "#link", "Live");
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button")]
      .filter(button => !(button.getAttribute("aria-label") || button.textContent).trim() && button.id !== "confirm-yes").map(button => button.outerHTML));
    assert.deepEqual(nameless, [], run);
  }
});

test("the figures and the curve of a block come by keyboard", async () => {
  const page = await shown("finished");
  await page.locator('#blocks [data-block="0"]').focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.block), "1");
  await page.keyboard.press("Home");
  const cell = page.locator('#blocks [data-block="0"][aria-controls="detail"]');
  assert.equal(await cell.getAttribute("aria-expanded"), "false");
  await page.keyboard.press("Enter");
  await has(page, "#detail", "After Block-AP");
  assert.equal(await cell.getAttribute("aria-expanded"), "true");
  await page.locator("#detail-curve svg .validation").waitFor();
  assert.match(await text(page, "#detail"), /Block 0[^]*Round-to-nearest[^]*Time\s+7\.40 s/);
  await page.getByRole("button", { name: "Close" }).click();
  await gone(page, "#detail");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.block), "0");
});

test("a completed run shows perplexities and the curve of E2E-QP", async () => {
  const page = await shown("finished");
  await page.locator("#end-to-end svg .validation").waitFor();
  assert.match(await text(page, "#quality"), /Full precision\s+7\.777\s+1\.00[^]*After E2E-QP\s+8\.454\s+1\.09/);
  assert.match(await text(page, "#now-note"), /every stage has its result/);
  assert.equal(await page.locator("#stale").isHidden(), true);
  server.frozen = true;
  await page.clock.install();
  await page.clock.fastForward(40_000);
  await has(page, "#stale", "The run had completed before");
  assert.match(await page.title(), /^stale: 100.% completed/);
});

test("runs are chosen by links, and the address keeps the choice", async () => {
  const page = await shown("first");
  await has(page, "#events", "a model of 4 blocks");
  await page.getByRole("navigation", { name: "Runs" }).getByText("resting").click();
  await has(page, "#phase", "paused");
  await has(page, "#events", "a model that rests");
  assert.equal(await page.locator("#events li").count(), 1);
  assert.match(await text(page, "#rest"), /paused by anna process 99 on node-a/i);
  assert.match(page.url(), /#resting$/);
  await page.reload();
  await has(page, "#title", "resting");
  await page.goto(server.url);
  await has(page, "#title", LARGE);
});

test("an address that names a run of the past leads to the only one there is", async () => {
  server.runs.clear();
  server.runs.set("first", documents.endToEnd);
  const page = await show("old", { lossExpected: true });
  await has(page, "#stale", "No such run.");
  await page.getByRole("navigation", { name: "Runs" }).getByText("first").click();
  await has(page, "#title", "first");
  await gone(page, "#runs");
  await gone(page, "#stale");
});

test("the link past the head leads to the run and leaves the address alone", async () => {
  const page = await shown("first");
  const address = page.url();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  assert.equal(page.url(), address);
  await has(page, "#title", "first");
});

test("the address keeps the run that was shown by default, whatever the others do", async () => {
  const page = await open(browser, server.url);
  pages.push(page);
  await has(page, "#title", LARGE);
  assert.ok(page.url().endsWith(`#${LARGE}`), page.url());
  server.runs.set(LARGE, () => ({ ...documents.large(), phase: "paused" }));
  await page.clock.install();
  await page.clock.fastForward(11_000);
  await has(page, '#runs a[aria-current="page"] small', "paused");
  assert.equal(await text(page, "#title"), LARGE);
});

test("what a dialog asks about happens to no other run", async () => {
  const page = await shown("first");
  const turnTo = async run => {
    await page.evaluate(to => { location.hash = to; }, run);
    await has(page, "#title", run);
  };
  await page.getByRole("button", { name: "Cancel run" }).click();
  await has(page, "#confirm-title", "Cancel first?");
  await turnTo("resting");
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await giveToken(page);
  await has(page, "#outcome", "Nothing was asked for: cancel was meant for first");
  await page.evaluate(() => sessionStorage.clear());
  await turnTo("poison");
  await page.getByRole("button", { name: "Retry block 2" }).first().click();
  await has(page, "#confirm-title", "Retry Block 2 of poison?");
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await has(page, "#token-text", "Changing poison needs the token");
  await turnTo("first");
  await giveToken(page);
  await has(page, "#outcome", "retry of Block 2 was meant for poison");
  await page.getByRole("button", { name: "Drain worker-1" }).click();
  await has(page, "#confirm-title", "Drain worker-1 in first?");
  await turnTo("resting");
  await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
  await has(page, "#outcome", "drain of worker-1 was meant for first");
  assert.deepEqual(server.asked, []);
});

test("the button of a block asks for what its state is now", async () => {
  const page = await shown("poison");
  await page.locator('#blocks [data-block="2"]').click();
  const retry = page.locator("#detail-actions").getByRole("button", { name: "Retry block 2" });
  await retry.waitFor();
  server.runs.set("poison", () => {
    const tree = documents.failed();
    return { ...tree, blocks: tree.blocks.map(block => block.block === 2 ? { ...block, state: "done", repair: "failed" } : block) };
  });
  await has(page, "#detail-facts", "done, repair failed");
  await page.locator("#detail-actions").getByRole("button", { name: "Retry repair of block 2" }).click();
  await has(page, "#confirm-text", "Its failures are forgotten");
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await giveToken(page);
  await has(page, "#outcome", "Asked for retry of repair of block 2");
  server.runs.set("poison", () => {
    const tree = documents.failed();
    return { ...tree, failure: null, blocks: tree.blocks.map(block => block.block === 2 ? { ...block, state: "done", repair: "done" } : block) };
  });
  await has(page, "#detail-facts", "done, repaired");
  await retry.click();
  await has(page, "#confirm-text", "Its result is forgotten");
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await has(page, "#outcome", "Asked for retry of block 2");
  assert.deepEqual(server.asked, [
    { run: "poison", action: "retry", body: { stage: "repair-002", yes: false } },
    { run: "poison", action: "retry", body: { stage: "block-002", yes: true } },
  ]);
});

test("the age of checkpoints is of what a crash would cost most", async () => {
  const page = await shown(LARGE);
  assert.match(await text(page, "#attempts .card >> nth=1"), /Block 14, try 2[^]*saved 1,280, nothing since/);
  const age = more => server.runs.set(LARGE, () => {
    const tree = documents.large();
    return { ...tree, attempts: tree.attempts.map(attempt => attempt.block === 14 ? { ...attempt, ...more } : attempt) };
  });
  age({ since: documents.ago(700) });
  await has(page, "#figures", /Last checkpoint\s*None since\s*Block 14 went on from step 1,280 11.min.4\d.s ago/);
  age({ since: documents.ago(700), "saved-step": 0 });
  await has(page, "#figures", /Last checkpoint\s*None yet\s*Block 14, try 2, runs for 11.min.4\d.s/);
});

test("the last checkpoint stays known while nothing runs, and is of this run", async () => {
  const page = await shown("first");
  await has(page, "#figures", "E2E-QP, step 32");
  server.runs.set("first", () => ({ ...documents.paused(), run: "first" }));
  await has(page, "#phase", "paused");
  assert.match(await text(page, "#figures"), /Last checkpoint\s+\d+ s ago\s+E2E-QP, step 32/);
  await page.evaluate(() => { location.hash = "resting"; });
  await has(page, "#title", "resting");
  assert.match(await text(page, "#figures"), /Last checkpoint\s+–\s+not known while nothing runs/);
});

test("a curve that comes late is not drawn into another run", async () => {
  let answer;
  const late = new Promise(resolve => { answer = resolve; });
  const curveTo = loss => ({ stage: "end-to-end", training: [[1, 2.31], [64, loss]], validation: [] });
  const asked = new Promise(resolve => {
    server.curve = run => {
      if (run !== "finished") return curveTo(1.25);
      resolve();
      return late;
    };
  });
  const { committed } = documents.completed();
  let done = 16;
  server.runs.set("finished", () => ({ ...documents.completed(), committed }));
  server.runs.set("other", () => ({ ...documents.completed(), committed, run: "other", done }));
  const page = await shown("finished");
  const response = page.waitForResponse(/finished\/curves\/end-to-end/);
  await asked;
  await page.evaluate(() => { location.hash = "other"; });
  const drawn = page.locator('#end-to-end svg[aria-label*="to 1.25 at step 64"]');
  await drawn.waitFor();
  answer(curveTo(1.75));
  await (await response).finished();
  for (done of [17, 18]) {
    server.send();
    await has(page, "#figures", `${done} of 16`);
  }
  assert.match(await page.locator("#end-to-end svg").getAttribute("aria-label"), /to 1\.25 at step 64/);
});

test("a curve that could not be read is read again, and one that is not there is not", async () => {
  const asked = { "end-to-end": 0, "block-000": 0 };
  server.curve = (run, stage) => {
    asked[stage]++;
    if (stage === "block-000") return 404;
    return asked[stage] < 3 ? 503 : documents.committedCurve(stage);
  };
  const { committed } = documents.completed();
  server.runs.set("finished", () => ({ ...documents.completed(), committed }));
  const page = await shown("finished", { lossExpected: true });
  await page.locator('#blocks [data-block="0"]').click();
  await page.locator("#end-to-end svg .validation").waitFor();
  assert.deepEqual(asked, { "end-to-end": 3, "block-000": 1 });
});

test("a repair is compared with the state before it, and a repaired block with its own start", async () => {
  const page = await shown("repairing");
  const card = await text(page, "#attempts .card");
  assert.match(card, /Repair of block 1[^]*before the repair 0\.685/);
  assert.doesNotMatch(card, /round-to-nearest/);
  await page.getByRole("button", { name: "Block 0: done, loss 20\u00a0% of round-to-nearest, repaired, on worker-1", exact: true }).click();
  assert.match(await text(page, "#detail-facts"), /After Block-AP\s+8\.00 × 10⁻⁴\s+20\.0 % of it[^]*After the repair\s+0\.594\s+86\.7 % of the 0\.685 before it/);
  await page.locator('#blocks [data-block="1"]').click();
  await has(page, "#detail-facts", "0.685 before it");
  assert.match(await page.locator("#detail-curve svg").getAttribute("aria-label"), /^Repair of block 1: training .*; before the repair 0\.685$/);
  await shoot(page, "light-repair");
  await page.locator('#blocks [data-block="3"]').click();
  assert.doesNotMatch(await text(page, "#detail-facts"), /After the repair/);
});

test("a failed run says what to do, and can be tried again", async () => {
  const page = await shown("poison");
  assert.match(await text(page, "#failure"), /Block 2 failed for good[^]*the loss is not a number at step 12[^]*What to do: lower block-ap\.learning-rates/);
  await page.getByRole("button", { name: "Retry block 2" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await giveToken(page);
  await has(page, "#outcome", "Asked for retry of Block 2");
  assert.deepEqual(server.asked, [{ run: "poison", action: "retry", body: { stage: "block-002", yes: false } }]);
});

test("pause asks for the token once and keeps it in the tab", async () => {
  const page = await shown("first", { lossExpected: true });
  server.onChange = ({ action }) => {
    if (action === "drain") return "worker-1 is drained already";
    server.runs.set("first", action === "pause" ? () => ({ ...documents.paused(), run: "first" }) : documents.endToEnd);
    return null;
  };
  await page.getByRole("button", { name: "Pause" }).click();
  await giveToken(page, "wrong");
  await has(page, "#outcome", "the token is wrong or missing. give the http.token of this cluster");
  assert.deepEqual(server.asked, []);
  await page.getByRole("button", { name: "Pause" }).click();
  await giveToken(page);
  await has(page, "#phase", "paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await has(page, "#phase", "running");
  await page.getByRole("button", { name: "Drain worker-1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
  await has(page, "#outcome", "worker-1 is drained already");
  assert.deepEqual(server.asked.map(({ action }) => action), ["pause", "resume", "drain"]);
  assert.deepEqual(server.asked[2].body, { worker: "worker-1" });
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 1]);
});

test("what cannot be a token is not taken for one", async () => {
  const page = await shown("first");
  await page.getByRole("button", { name: "Pause" }).click();
  for (const wrong of [`${TOKEN}\u200b`, "p\u00e4ss", "two words", "\u{1f511}"]) {
    await giveToken(page, wrong);
    await has(page, "#token-problem", "perhaps an invisible one");
    assert.equal(await page.evaluate(() => document.activeElement.id), "token-value");
  }
  await shoot(page, "light-token", false);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await giveToken(page, ` ${TOKEN}\n`);
  await has(page, "#outcome", "Asked for pause");
  await page.evaluate(() => sessionStorage.clear());
  await page.getByRole("button", { name: "Cancel run" }).click();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  assert.equal(await text(page, "#token-problem"), "");
});

test("buttons rest while something is asked for, and their successors keep the focus", async () => {
  const page = await shown("first");
  await page.evaluate(token => sessionStorage.setItem("blocksmith.token", token), TOKEN);
  let answer;
  server.delay = new Promise(resolve => { answer = resolve; });
  await page.getByRole("button", { name: "Pause" }).focus();
  await page.keyboard.press("Enter");
  await page.locator('#steer button[aria-disabled="true"]', { hasText: "Pause" }).waitFor();
  await page.locator('#worker-rows button[aria-disabled="true"]').first().waitFor();
  await page.keyboard.press("Enter");
  server.runs.set("first", () => ({ ...documents.paused(), run: "first" }));
  answer();
  await has(page, "#phase", "paused");
  await page.locator("#steer button:not([aria-disabled])", { hasText: "Resume" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Resume");
  assert.deepEqual(server.asked.map(({ action }) => action), ["pause"]);
  const worker = drained => {
    const tree = documents.paused();
    return { ...tree, run: "first", workers: tree.workers.map((each, index) => index === 0 ? { ...each, drained } : each) };
  };
  await page.getByRole("button", { name: "Drain worker-1" }).focus();
  server.runs.set("first", () => worker(true));
  await page.getByRole("button", { name: "Undrain worker-1" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Undrain worker-1");
});

test("cancel happens only when it is confirmed", async () => {
  const page = await shown("first");
  await page.getByRole("button", { name: "Cancel run" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Cancel run" }).click();
  await page.getByRole("button", { name: "Keep going" }).click();
  assert.deepEqual(server.asked, []);
  await page.getByRole("button", { name: "Cancel run" }).click();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await giveToken(page);
  await has(page, "#outcome", "Asked for cancel");
  assert.deepEqual(server.asked, [{ run: "first", action: "cancel", body: {} }]);
});

test("without a token on the server there are no buttons but the reason", async () => {
  server.canChange = false;
  const page = await shown("first");
  await has(page, "#outcome", "this coordinator has no http.token");
  assert.deepEqual(await page.locator("#steer button, #worker-rows button").count(), 0);
});

test("a server that shows nothing without the token asks for it", async () => {
  server.readsNeedToken = true;
  const page = await show("first", { lossExpected: true });
  await has(page, "#stale", "the token is wrong or missing");
  await page.getByRole("button", { name: "Enter the token" }).click();
  await giveToken(page);
  await has(page, "#title", "first");
  await gone(page, "#stale");
});

test("what went wrong in the night is told in the morning, with its day", async () => {
  const sequences = [3, 7, ...Array.from({ length: 40 }, (_, index) => 60 + index)];
  const evening = new Date().toISOString();
  server.runs.set("first", () => ({ ...documents.endToEnd(), events: sequences.map(sequence => ({ sequence, at: evening, kind: "stage-failed", stage: "block-003", attempt: 1, worker: "worker-1",
    text: `event ${sequence}`, level: sequence < 60 ? "warning" : "info" })) }));
  const page = await shown("first");
  assert.equal(await page.locator("#events li").count(), 43);
  assert.match(await text(page, "#events li >> nth=40"), /Before that, the latest warnings and errors only/);
  assert.match(await text(page, "#events li >> nth=42"), /warning:\s+event 3/);
  assert.match(await text(page, "#events li >> nth=0 >> time"), /^\d\d:\d\d:\d\d$/);
  assert.ok(await page.evaluate(() => document.documentElement.scrollHeight - document.querySelector("footer").getBoundingClientRect().bottom - scrollY) < 2, "nothing comes below the footer");
  await shoot(page, "light-night");
  await page.getByLabel("warnings and errors only").check();
  assert.equal(await page.locator("#events li").count(), 2);
  await page.clock.install({ time: Date.now() });
  await page.clock.fastForward(24 * 3600_000);
  await has(page, "#events li >> nth=0", new RegExp(`^${new Date(evening).getDate()} \\w+ \\d\\d:\\d\\d:\\d\\d`));
});

test("no run yet", async () => {
  server.runs.clear();
  const page = await show("");
  await has(page, "#empty", "No run yet");
  await shoot(page, "light-empty");
  server.runs.set("first", documents.endToEnd);
  await has(page, "#title", "first");
});

test("markup in names and reasons stays text", async () => {
  server.runs.set("hostile", documents.hostile);
  const page = await shown("hostile");
  for (const part of ["#title", "#trouble", "#failure-reason", "#failure-advice", "#pending", "#events", "#worker-rows", "#attempts"]) {
    await has(page, part, documents.HOSTILE);
  }
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.doesNotMatch(await page.title(), /^owned/);
});

test("a server that falls silent makes the page stale, with its age, until it is back", async () => {
  const page = await shown(LARGE, { lossExpected: true });
  server.frozen = true;
  await page.clock.install();
  await page.clock.fastForward(20_000);
  await has(page, "#stale", /Nothing new for ([2-9]\d.s|1.min)/);
  await has(page, "#link", "Stale");
  // Screen readers hear that once, and not the age that counts up.
  assert.equal(await page.locator("#announce").textContent(), "Stale.");
  await page.clock.fastForward(120_000);
  await has(page, "#stale", /Nothing new for [2-9].min/);
  assert.equal(await page.locator("#announce").textContent(), "Stale.");
  await shoot(page, "light-stale", false);
  server.frozen = false;
  await has(page, "#link", "Live");
  await gone(page, "#stale");
  assert.equal(await page.locator("#announce").textContent(), "The figures are live.");
  server.runs.set(LARGE, () => ({ ...documents.large(), phase: "paused" }));
  await has(page, "#phase", "paused");
  assert.equal(await page.locator("#announce").textContent(), "The run is paused.");
});

test("a store that cannot be read is told with the server's words and the age, and peers are asked", async () => {
  const page = await shown("first", { lossExpected: true });
  await has(page, "#link", "Live");
  server.trouble = "the store cannot be read: Connection refused";
  await page.clock.install();
  const trouble = page.locator("#stale", { hasText: /Stale\. Nothing new for 1\d.s; the figures are those of \S+ 127\.0\.0\.1:\d+: the store cannot be read: Connection refused\. Trying/ });
  await page.clock.fastForward(9_000);
  server.send();
  await page.clock.fastForward(2_000);
  await trouble.waitFor();
  assert.match(await page.title(), /^stale: 81.% running/);
  const streams = server.streams;
  // It goes on for longer than silence is borne: the next connection is refused with a 503.
  await page.clock.fastForward(6_000);
  await page.clock.runFor(3_000);
  await has(page, "#stale", "the store cannot be read: Connection refused. repair the store; nothing is lost. Trying");
  assert.equal(server.streams, streams);
  await has(page, "#link", "Stale");
  assert.doesNotMatch(await text(page, "#stale"), /Refused|silent/);
  server.trouble = null;
  await page.clock.runFor(20_000);
  await has(page, "#link", "Live");
  await gone(page, "#stale");
  assert.match(await page.title(), /^81.% running/);
});

test("a store that cannot be read at first is told, and the run shows when it can", async () => {
  server.trouble = "the store cannot be read: Connection refused";
  const page = await show("first", { lossExpected: true });
  await has(page, "#stale", /Nothing to show yet\. .*: the store cannot be read: Connection refused\. repair the store; nothing is lost\. Trying/);
  assert.equal(await page.locator("#stale-token").isHidden(), true);
  server.trouble = null;
  await has(page, "#title", "first");
  await gone(page, "#stale");
});

test("a peer that refuses the token takes it from nobody", async () => {
  const peer = await another();
  server.peers = [peer.url];
  peer.peers = [server.url];
  peer.refuses = 401;
  const page = await shown("first", { lossExpected: true });
  await has(page, "#footer", server.url.slice(7));
  await page.evaluate(token => sessionStorage.setItem("blocksmith.token", token), TOKEN);
  const port = server.port;
  await server.kill();
  await has(page, "#stale", `Token needed. ${peer.url.slice(7)}: refused with 401. Nothing new for`);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("blocksmith.token")), TOKEN);
  server = new FakeServer();
  for (const [name, make] of Object.entries(MAKERS)) server.runs.set(name, make);
  servers.push(await server.start(port));
  await page.locator("#link", { hasText: /^Live$/ }).waitFor();
  await gone(page, "#stale");
  server.refuses = 401;
  [...server.listeners][0].response.destroy();
  await has(page, "#stale", "Token needed. refused with 401.");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("blocksmith.token")), null);
});

test("a run that is gone is refused, and no token helps", async () => {
  server.refuses = 404;
  const page = await show("first", { lossExpected: true });
  await has(page, "#stale", "No such run. refused with 404.");
  assert.equal(await page.locator("#stale-token").isHidden(), true);
  server.refuses = 403;
  await has(page, "#stale", "No entry. refused with 403.");
  assert.equal(await page.locator("#stale-token").isHidden(), true);
  server.refuses = null;
  await has(page, "#title", "first");
});

test("a coordinator that does not know its peers at first is asked again", async () => {
  server.clusterFails = 1;
  const page = await shown("first", { lossExpected: true });
  assert.equal(await page.locator("#steer button").count(), 0);
  await page.getByRole("button", { name: "Pause" }).waitFor();
  assert.equal(server.streams, 1);
});

test("a browser that is too old is told as that, and one that stores nothing is enough", async () => {
  const page = await show("", { lossExpected: true });
  await has(page, "#title", LARGE);
  await page.addInitScript(() => {
    delete globalThis.sessionStorage;
    Object.defineProperty(globalThis, "sessionStorage", { get() { throw new DOMException("denied", "SecurityError"); } });
  });
  await page.reload();
  await page.getByRole("button", { name: "Pause" }).click();
  await giveToken(page);
  await has(page, "#outcome", "Asked for pause");
  await page.addInitScript(() => { delete globalThis.TextDecoderStream; });
  await page.reload();
  await has(page, "#stale", "this page has a fault, or the browser is too old for it (TextDecoderStream is not defined)");
  page.complaints.length = 0;
});

test("the time of the end stays what it was when nothing new comes", async () => {
  const page = await shown("first");
  const end = async () => /until about (\S+)/.exec(await text(page, "#figures"))[1];
  server.frozen = true;
  await page.clock.install();
  await page.clock.fastForward(20_000);
  await has(page, "#stale", "Nothing new for");
  const before = await end();
  await page.clock.fastForward(600_000);
  await has(page, "#stale", /Nothing new for 1\d.min/);
  assert.equal(await end(), before);
});

test("a fault of the page is told as one, and the connection stays", async () => {
  const page = await shown("first");
  await has(page, "#link", "Live");
  const fault = page.waitForEvent("pageerror");
  server.runs.set("first", () => ({ ...documents.endToEnd(), committed: "no list" }));
  assert.match(String(await fault), /find is not a function/);
  server.runs.set("first", () => ({ ...documents.endToEnd(), done: 11 }));
  await has(page, "#figures", "11 of 16");
  assert.equal(server.streams, 1);
  assert.ok(page.complaints.every(complaint => /find is not a function/.test(complaint)), page.complaints.join("\n"));
  page.complaints.length = 0;
});

test("a supervisor without a heartbeat makes the page stale though the server answers", async () => {
  const page = await shown("first");
  server.runs.set("first", () => ({ ...documents.endToEnd(), supervisor: { pulse: "stale", holder: "x", "seconds-since-beat": 31 } }));
  await has(page, "#stale", /No heartbeat for [3-9]\d.s/);
  await has(page, "#link", "Not supervised");
  server.runs.set("first", documents.endToEnd);
  await gone(page, "#stale");
  await has(page, "#link", "Live");
});

test("the page goes on through a peer when its own coordinator is killed", async () => {
  const peer = await another();
  server.peers = [peer.url];
  peer.peers = [server.url];
  peer.token = "another-token";
  let tick = 0;
  peer.runs.set(LARGE, () => documents.large(tick));
  const page = await shown(LARGE, { lossExpected: true });
  await has(page, "#footer", server.url.slice(7));
  await server.kill();
  await has(page, "#link", `Live by way of ${peer.url.slice(7)}`);
  tick = 500;
  await has(page, "#attempts .card >> nth=0", "1,700 of 4,096");
  await gone(page, "#stale");
  await page.getByRole("button", { name: "Pause" }).click();
  await giveToken(page);
  await has(page, "#outcome", "Refused pause: the token is wrong or missing");
  // What one peer refuses may be right at home: it is kept until there is another.
  assert.equal(await page.evaluate(() => sessionStorage.getItem("blocksmith.token")), TOKEN);
  await page.getByRole("button", { name: "Pause" }).click();
  await has(page, "#token-text", `${peer.url.slice(7)} refused the token`);
  await giveToken(page, peer.token);
  await has(page, "#outcome", "Asked for pause");
  assert.deepEqual(peer.asked.map(({ action }) => action), ["pause"]);
  const port = server.port;
  await peer.kill();
  await page.clock.install();
  await page.clock.fastForward(20_000);
  await has(page, "#stale", "Nothing new for");
  server = new FakeServer();
  for (const [name, make] of Object.entries(MAKERS)) server.runs.set(name, make);
  servers.push(await server.start(port));
  await page.locator("#link", { hasText: /^Live$/ }).waitFor();
});

test("a tab that nobody looks at keeps no connection", async () => {
  const page = await shown("first");
  assert.equal(server.listeners.size, 1);
  const hide = hidden => page.evaluate(value => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  const closed = new Promise(resolve => { [...server.listeners][0].response.on("close", resolve); });
  await hide(true);
  await closed;
  assert.equal(server.listeners.size, 0);
  assert.match(await page.title(), /^as of \d+ \w+ \d\d:\d\d: 81.% running · first/);
  await hide(false);
  // The sign goes on saying what was last known.
  await until("the page listens again", () => server.listeners.size === 1);
  assert.equal(server.streams, 2);
});

test("a tab that is opened behind others keeps no connection until it is looked at", async () => {
  const page = await show("first", { hidden: true });
  await page.locator("#runs a").first().waitFor();
  await page.evaluate(() => fetch("/api/v1/cluster").then(response => response.json()));
  assert.equal(server.streams, 0);
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await has(page, "#link", "Live");
  assert.equal(server.streams, 1);
});

test("memory does not grow with the documents", async () => {
  let tick = 0;
  server.runs.set(LARGE, () => documents.large(tick));
  const page = await shown(LARGE);
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Performance.enable");
  const after = async documentsMore => {
    for (let sent = 0; sent < documentsMore; sent++) {
      tick++;
      server.send();
      if (sent % 20 === 19) await has(page, "#attempts .card >> nth=0", `${(1200 + tick).toLocaleString("en")} of 4,096`);
    }
    await protocol.send("HeapProfiler.collectGarbage");
    const { metrics } = await protocol.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const early = await after(100);
  const late = await after(300);
  assert.ok(late.Nodes < early.Nodes * 1.1, `nodes: ${early.Nodes}, then ${late.Nodes}`);
  assert.ok(late.JSHeapUsedSize < early.JSHeapUsedSize + 1_500_000, `heap: ${early.JSHeapUsedSize}, then ${late.JSHeapUsedSize}`);
  assert.ok(late.JSEventListeners < early.JSEventListeners * 1.1, `listeners: ${early.JSEventListeners}, then ${late.JSEventListeners}`);
});
