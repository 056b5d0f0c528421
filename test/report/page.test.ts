import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowserFor, launchChromium, openPage } from "../chromium.ts";
import { type MadeRun, makeRun, orrery } from "./finished-run.ts";

const SIZE_LIMIT = 5_000_000;
const hasBrowser = hasBrowserFor("report.html");

let made: MadeRun;
let file: string;
beforeAll(async () => {
  made = await makeRun("--html");
  file = join(made.folder, "report.html");
}, 60_000);
afterAll(() => rmSync(made.root, { recursive: true }));

describe("the file", () => {
  it("is small, whole and names no address that it would load", () => {
    const text = readFileSync(file, "utf8");
    expect(text.length).toBeLessThan(SIZE_LIMIT);
    expect(text).toContain("Copyright (c) 2022 Leon Sorokin");
    expect(text).not.toMatch(/(?:src|href)="(?!#)/);
    expect(text.match(/<script/g)?.length).toBe(text.match(/<\/script>/g)?.length);
  });

  it("has the same bytes when it is made again from the folder, by whichever command", async () => {
    const again = join(made.root, "again.html");
    const { exit, stdout } = await orrery("report", made.folder, "--file", again);
    expect([exit, stdout]).toEqual([0, `${again}\n`]);
    const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
    expect(hash(again)).toBe(hash(file));
  });

  it("holds nothing of the place where it was made", () => {
    expect(readFileSync(file, "utf8")).not.toContain(made.root);
  });

  it("shows intervals over seeds, and what differs from a base", async () => {
    const scenario = join(made.root, "shop.yaml");
    await orrery("run", scenario, "--seed", "6", "--out", join(made.root, "results"), "-q");
    const page = join(made.root, "seeds.html");
    const folder = join(made.folder, "..");
    await orrery("report", folder, "--file", page, "--base", join(folder, "seed=6"));
    const text = readFileSync(page, "utf8");
    expect(text).toContain("2 seeds of the same scenario");
    expect(text).toMatch(/<code>spec\.seed<\/code><\/td><td class="old">6<\/td><td class="new">5</);
  });

  it("is refused for a folder that holds no run", async () => {
    expect(await orrery("report", made.root)).toMatchObject({ exit: 2, stdout: "" });
  });
});

describe.skipIf(!hasBrowser)("the page in Chromium", () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests: string[] = [];

  const open = (colorScheme: "light" | "dark", path = file): Promise<Page> =>
    openPage(browser, path, colorScheme, { complaints, requests });
  beforeAll(async () => {
    browser = await launchChromium();
    page = await open("light");
  }, 60_000);
  afterAll(() => browser.close());

  /** How many different colours a canvas shows: a blank one has one. */
  const colours = (opened: Page): Promise<number[]> =>
    opened.evaluate(`[...document.querySelectorAll("figure.chart canvas")].map((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      return seen.size;
    })`);

  it("has every section and draws every chart, each with its words", async () => {
    expect(await page.locator("main h2").allTextContents()).toEqual([
      "Verdict",
      "What was asked",
      "Timeline",
      "Services",
      "Autoscalers",
      "Nodes",
      "Failover budgets",
      "Pending pods",
      "Money, disruption, risk",
      "Reproduce",
      "Not simulated",
    ]);
    const figures = page.locator("figure.chart");
    const count = await figures.count();
    expect(count).toBeGreaterThan(10);
    expect(await page.locator("figure.chart[data-drawn] canvas").count()).toBe(count);
    for (const seen of await colours(page)) expect(seen).toBeGreaterThan(5);
    const texts = await page.locator("figure.chart .text").allTextContents();
    expect(texts.filter((text) => text.trim().length > 20)).toHaveLength(count);
    const names = await figures.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
    expect(names.every((name) => name !== null && name !== "")).toBe(true);
  });

  it("shares one cursor: the mouse over one chart shows values in all", async () => {
    await page.locator("#chart-load .u-over").hover({ position: { x: 300, y: 40 } });
    const shown = await page
      .locator("figure.chart")
      .evaluateAll((all) =>
        all.map((one) => [...one.querySelectorAll(".legend b")].map((place) => place.textContent ?? "").join("")),
      );
    expect(shown.filter((text) => text === "")).toEqual([]);
    const lines = await page
      .locator(".stack .u-cursor-x")
      .evaluateAll((all) => all.map((line) => Math.round(line.getBoundingClientRect().left)));
    expect(new Set(lines).size).toBe(1);
  });

  it("zooms all charts together, and back", async () => {
    const over = page.locator("#chart-load .u-over");
    const box = await over.boundingBox();
    if (box === null) throw new Error("the chart has no place");
    const before = await page.locator("#chart-nodes canvas").screenshot();
    await page.mouse.move(box.x + 200, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 40, { steps: 4 });
    await page.mouse.up();
    expect((await page.locator("#chart-nodes canvas").screenshot()).equals(before)).toBe(false);
    await over.dblclick();
    await page.keyboard.press("Escape");
    expect((await page.locator("#chart-nodes canvas").screenshot()).equals(before)).toBe(true);
  });

  it("is used by keyboard: cursor, marks, explanation", async () => {
    await page.mouse.move(1, 1);
    await page.locator("#chart-hpa-0-replicas").focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("n");
    expect(await page.locator("#now").textContent()).toContain("00:02:00");
    await page.keyboard.press("Shift+ArrowRight");
    expect(await page.locator("#now").textContent()).not.toContain("00:02:00");
    await page.keyboard.press("Enter");
    expect(await page.locator("[data-explain] pre").textContent()).toMatch(/^hpa\/default\/web at .*\n {2}metric cpu/);
    await page.keyboard.press("Escape");
    expect(await page.locator("#chart-load .legend b").allTextContents()).toEqual(["", ""]);
    await page.locator("#chart-heat").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowDown");
    expect(await page.locator("#heat-now").textContent()).toMatch(/^general-\d+: \d+%$/);
  });

  it("shows the numbers behind a chart", async () => {
    await page.locator("#chart-nodes details.data summary").click();
    expect(await page.locator("#chart-nodes table thead").textContent()).toBe("timereadynot ready");
    expect(await page.locator("#chart-nodes table tbody tr").count()).toBeGreaterThan(20);
  });

  it("wears both palettes, and the light one on paper", async () => {
    const dark = await open("dark");
    const background = (): Promise<string> => dark.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await background()).toBe("rgb(14, 20, 27)");
    for (const seen of await colours(dark)) expect(seen).toBeGreaterThan(5);
    await dark.locator("#theme").click();
    expect(await background()).toBe("rgb(246, 247, 249)");
    await dark.locator("#theme").click();
    expect(await background()).toBe("rgb(14, 20, 27)");
    const paper = await dark.pdf({ format: "A4", printBackground: true });
    expect(paper.subarray(0, 5).toString()).toBe("%PDF-");
    expect(await dark.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    await dark.close();
  });

  it("is not broken by names that look like markup", async () => {
    const hostile = `</script><script>document.title = "broken"</script><!--`;
    const text = readFileSync(join(made.folder, "decisions.jsonl"), "utf8");
    const line = { t: 1e6, n: 999999, cause: 0, by: "action", what: "done", object: "pod/a/b", notable: hostile };
    writeFileSync(join(made.folder, "decisions.jsonl"), `${JSON.stringify(line)}\n${text}`);
    const path = join(made.root, "hostile.html");
    await orrery("report", made.folder, "--file", path);
    writeFileSync(join(made.folder, "decisions.jsonl"), text);
    const opened = await open("light", path);
    expect(await opened.title()).toBe("shop · seed 5 — kube-orrery");
    expect(await opened.locator(".happenings li").first().textContent()).toContain(hostile);
    await opened.close();
  });

  it("says nothing on the console and asks the network for nothing", () => {
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("file:"))).toEqual([]);
  });

  it("gives JUnit XML that an XML reader takes", async () => {
    const junit = join(made.root, "deep", "junit.xml");
    await orrery("report", made.folder, "--junit", junit, "-q");
    const cases = await page.evaluate(`(() => {
      const read = new DOMParser().parseFromString(${JSON.stringify(readFileSync(junit, "utf8"))}, "text/xml");
      if (read.querySelector("parsererror") !== null) return null;
      return [...read.querySelectorAll("testcase")].map((one) => [
        one.getAttribute("name"),
        one.querySelector("failure")?.getAttribute("message") ?? null,
      ]);
    })()`);
    expect(cases).toEqual([
      [`pod_pending_seconds{app="web"} p99 < 1s`, expect.stringMatching(/found \d+s$/)],
      ["cost sum < 1 USD", null],
    ]);
  });
});
