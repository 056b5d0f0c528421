import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Whether there is a browser; says loudly what is not looked at where there is none. */
export function hasBrowserFor(what: string): boolean {
  const hasBrowser = existsSync(CHROMIUM);
  if (!hasBrowser)
    console.warn(`SKIPPED: there is no ${CHROMIUM}, so nobody looks at ${what} (apt-get install chromium)`);
  return hasBrowser;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

/** What pages have said on the console and asked of the network. */
export interface Heard {
  readonly complaints: string[];
  readonly requests: string[];
}

/** Opens a file, listens to it, and waits until it is drawn. */
export async function openPage(
  browser: Browser,
  path: string,
  colorScheme: "light" | "dark",
  { complaints, requests }: Heard,
): Promise<Page> {
  const opened = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  opened.on("console", (message) => complaints.push(message.text()));
  opened.on("pageerror", (error) => complaints.push(error.message));
  opened.on("request", (request) => requests.push(request.url()));
  await opened.goto(pathToFileURL(path).href);
  await opened.waitForSelector("html[data-ready]");
  return opened;
}
