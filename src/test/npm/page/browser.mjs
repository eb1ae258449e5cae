// Chromium as Debian packages it, and what no scenario of this page may show.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = process.env.PAGE_SHOTS ?? "shots";
// Root cannot have the sandbox; the rest keeps it from looking for anything but the page. Playwright makes a new profile.
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--js-flags=--expose-gc"];

/** Waits end at once when what they wait for comes; a busy machine takes its time. */
const PATIENCE = 120_000;
/** About noon in the browser, whenever and wherever this runs: times of another day are shown with their day. Its signs are reversed. */
const NOON = (hours => `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`)(12 - new Date().getUTCHours());

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS, headless: true, timeout: PATIENCE });

/** A tab in a context of its own that notes errors and violations of the policy in `page.complaints`; `hidden` is one behind others. */
export async function open(browser, url, { lossExpected = false, hidden = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: NOON, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", message => {
    // The browser itself reports each refused connection and each status of an error; some scenarios are about these.
    if (lossExpected && /Failed to load resource|net::ERR_/.test(message.text())) return;
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", error => page.complaints.push(String(error)));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
  if (hidden) await page.addInitScript(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => true }));
  await page.goto(url);
  return page;
}

/** Waits until something holds that only this process knows. */
export async function until(what, condition) {
  const deadline = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise(resolve => { setTimeout(resolve, 10); });
  }
}

export async function shoot(page, name, fullPage = true) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
}

/** What axe finds against WCAG 2.1 AA; it enters by the debugging protocol, which the page's policy does not bind. */
export async function accessibilityProblems(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  return violations.flatMap(violation => violation.nodes.map(node => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}
