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
    await page.locator("#attempts .card .curve svg polyline").first().waitFor(PATIENCE);
    await shoot(page, "live-running");
    const step = await figure("#attempts .card", 0);
    await page.waitForFunction(before => document.querySelector("#attempts .card")?.innerText !== before && document.querySelector("#attempts .card"), step, PATIENCE);
    assert.match(await figure("#link", 0), /Live/);

    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByLabel("http.token of this cluster").fill(process.env.PAGE_TOKEN);
    await page.getByRole("button", { name: "Use it" }).click();
    await page.locator("#phase", { hasText: "paused" }).waitFor(PATIENCE);
    await page.locator("#now-note", { hasText: "everything is saved" }).waitFor(PATIENCE);
    await page.locator("#events", { hasText: "paused" }).waitFor(PATIENCE);
    const done = await page.locator("#progress").getAttribute("aria-valuenow");
    await shoot(page, "live-paused");

    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator("#phase", { hasText: "running" }).waitFor(PATIENCE);
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
