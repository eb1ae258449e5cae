// The page over a real run in another JVM: PAGE_URL is where it is served, PAGE_TOKEN is its http.token. Run by PageTest.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, open, shoot } from "./browser.mjs";

const PATIENCE = { timeout: 120_000 };

test("a real run moves, rests when it is told to, goes on and completes", { timeout: 400_000 }, async () => {
  const browser = await launch();
  try {
    const page = await open(browser, process.env.PAGE_URL);
    const figure = (selector, index) => page.locator(selector).nth(index).innerText();
    const phase = name => page.locator("#phase", { hasText: name }).waitFor(PATIENCE);
    const press = name => page.getByRole("button", { name }).click(PATIENCE);
    // It was told to pause before this browser was started.
    await phase("paused");
    await press("Resume");
    await page.getByLabel("http.token of this cluster").fill(process.env.PAGE_TOKEN);
    await press("Use it");
    await phase("running");

    // A lone point is a flat dash, which Playwright calls hidden.
    await page.locator("#attempts .card .curve svg polyline").first().waitFor({ ...PATIENCE, state: "attached" });
    await shoot(page, "live-running");
    const before = await figure("#attempts .card", 0);
    await page.waitForFunction(text => ![undefined, text].includes(document.querySelector("#attempts .card")?.innerText), before, PATIENCE);
    assert.match(await figure("#link", 0), /Live/);

    await press("Pause");
    await phase("paused");
    await page.locator("#now-note", { hasText: "everything is saved" }).waitFor(PATIENCE);
    await page.locator("#events", { hasText: "paused" }).waitFor(PATIENCE);
    const done = await page.locator("#progress").getAttribute("aria-valuenow");
    await shoot(page, "live-paused");

    await press("Resume");
    await phase("running");
    await page.waitForFunction(before => Number(document.querySelector("#progress").getAttribute("aria-valuenow")) > Number(before), done, PATIENCE);
    // Its server ends with the run: the notice of that is no complaint, and what it said last is what counts.
    const complaints = [...page.complaints];
    await page.locator("#phase", { hasText: "completed" }).waitFor({ timeout: 300_000 });
    assert.equal(await page.locator("#progress").getAttribute("aria-valuenow"), "100");
    assert.match(await figure("#quality", 0), /After E2E-QP/);
    await shoot(page, "live-completed");
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
