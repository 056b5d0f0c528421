import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { experimentPageText } from "../../src/report/index.ts";
import { ensureBuilt, MAIN, ROOT } from "../built.ts";
import { hasBrowserFor, launchChromium, openPage } from "../chromium.ts";

const hasBrowser = hasBrowserFor("an experiment's report.html");

const out = mkdtempSync(join(tmpdir(), "orrery-page-"));
const file = join(out, "hpa-experiment", "report.html");
beforeAll(async () => {
  await ensureBuilt();
  const experiment = join(ROOT, "assets/starters/experiment/experiment.yaml");
  await promisify(execFile)(process.execPath, [MAIN, "experiment", experiment, "--out", out, "-j", "1", "-q"]);
}, 240_000);
afterAll(() => rmSync(out, { recursive: true }));

describe("the file", () => {
  it("is small, whole, and names no address that it would load", () => {
    const text = readFileSync(file, "utf8");
    expect(text.length).toBeLessThan(200_000);
    expect(text).not.toMatch(/(?:src|href)="(?!#)/);
    expect(text).not.toContain(out);
    expect(text).toContain("6 variants · 3 seeds each (1..3) · 18 runs");
  });

  it("keeps what is written in names from being markup, and draws rows where no axis has numbers", () => {
    const estimate = { count: 2, mean: 1, deviation: 0.1, low: 0.9, high: 1.1 };
    const variant = (name: string, verdict: string, mean: number) => ({
      ...{ name, values: { kind: name }, failedCount: name === "b" ? 1 : 0 },
      measures: [{ measure: 'x{a="<b>"} sum', unit: "seconds" as const, estimate: { ...estimate, mean }, verdict }],
    });
    const text = experimentPageText({
      ...{ name: "<script>alert(1)</script>", version: "0", identity: "i", seeds: "1, 2", seedCount: 2 },
      ...{ baseline: "a", currency: "USD", best: null },
      variants: [variant("a", "same", 1), variant("b", "worse", 1.05), variant("c<i>", "unclear", 1.01)],
    });
    expect(text).not.toMatch(/<script>alert|<i>"|<b>"/);
    expect(text).toContain("1 variant with runs that fail an assertion");
    expect(text).toContain("Least 1s with a, most 1.05s with b. 1 of 2 differ from a.");
    expect(text.match(/<g class="pt row/g)).toHaveLength(3);
  });
});

describe.skipIf(!hasBrowser)("the page in Chromium", () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests: string[] = [];

  const open = (colorScheme: "light" | "dark"): Promise<Page> =>
    openPage(browser, file, colorScheme, { complaints, requests });
  beforeAll(async () => {
    browser = await launchChromium();
    page = await open("light");
  }, 60_000);
  afterAll(() => browser.close());

  it("has every section, a chart for each outcome, and says each in words", async () => {
    expect(await page.locator("main h2").allTextContents()).toEqual([
      ...["Outcomes", "All variants", "What was varied", "Reproduce"],
    ]);
    const figures = page.locator("figure.outcome-chart");
    expect(await figures.count()).toBe(4);
    for (const figure of await figures.all()) {
      expect(await figure.locator(".pt").count()).toBe(6);
      expect(await figure.locator("polyline").count()).toBe(2);
      expect((await figure.locator(".text").textContent())?.length).toBeGreaterThan(20);
      const box = await figure.locator("svg.outcome").boundingBox();
      expect(box?.height).toBeGreaterThan(100);
    }
  });

  it("walks through the variants by keys, in all charts and the table together", async () => {
    const figure = page.locator("figure.outcome-chart").first();
    await figure.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(".pt.on").count()).toBe(4);
    expect(await page.locator("tr.on code").allTextContents()).toEqual(["minReplicas=2,averageUtilization=60"]);
    const said = await page.locator("#now").textContent();
    expect(said).toMatch(/^minReplicas=2,averageUtilization=60: .* \(baseline\)$/);
    expect(await figure.locator(".cursor").textContent()).toBe(said);
    await page.keyboard.press("Escape");
    expect(await page.locator(".on").count()).toBe(0);
  });

  it("shows the variant under the mouse everywhere", async () => {
    await page.locator("table.variants tbody tr").nth(3).hover();
    expect(await page.locator('.pt.on[data-v="3"]').count()).toBe(4);
  });

  it("sorts the table by a heading, by keys too", async () => {
    const heading = page.locator("table.variants th .sort").nth(3);
    await heading.focus();
    await page.keyboard.press("Enter");
    const values = async (): Promise<number[]> =>
      page
        .locator("table.variants tbody td:nth-child(4)")
        .evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute("data-value"))));
    const rising = await values();
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(await page.locator("table.variants th").nth(3).getAttribute("aria-sort")).toBe("ascending");
    await page.keyboard.press("Enter");
    expect(await values()).toEqual([...rising].sort((a, b) => b - a));
  });

  it("is dark where the system is, and follows the button", async () => {
    const dark = await open("dark");
    const background = () => dark.evaluate("getComputedStyle(document.body).backgroundColor");
    const before = await background();
    await dark.locator("#theme").click();
    expect(await background()).not.toBe(before);
    await dark.close();
  });

  it("never spills over the width of a small screen", async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(400);
  });

  it("asks for nothing and complains of nothing", () => {
    expect(requests.every((url) => url.startsWith("file:"))).toBe(true);
    expect(complaints).toEqual([]);
  });
});
