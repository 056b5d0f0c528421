import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** What docs/answers.md shows is what the commands print. `UPDATE_GOLDEN=1` writes it anew. */

const DOCUMENT = join(import.meta.dirname, "../../docs/answers.md");
const BLOCK = /```console exit=(\d+)\n\$ orrery ([^\n]+)\n([\s\S]*?)```/g;

async function output(command: string): Promise<{ readonly out: string; readonly exit: number }> {
  let out = "";
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: () => {},
    outHasColour: false,
    errHasColour: false,
    hasProgress: false,
  };
  const exit = await main(command.split(" "), terminal);
  return { out, exit };
}

const before = readFileSync(DOCUMENT, "utf8");
const blocks = [...before.matchAll(BLOCK)];
const printed = new Map<string, string>();

test.each(blocks.map(([, exit, command, text]) => ({ command: command ?? "", exit: Number(exit), text: text ?? "" })))(
  "orrery $command",
  async ({ command, exit, text }) => {
    const result = await output(command);
    expect(result.exit).toBe(exit);
    printed.set(command, result.out);
    if (process.env.UPDATE_GOLDEN === undefined) expect(text).toBe(result.out);
  },
  60_000,
);

test("the document has its commands", () => {
  expect(blocks.length).toBe(13);
  if (process.env.UPDATE_GOLDEN === undefined) return;
  const after = before.replaceAll(
    BLOCK,
    (_, exit: string, command: string) =>
      `\`\`\`console exit=${exit}\n$ orrery ${command}\n${printed.get(command)}\`\`\``,
  );
  writeFileSync(DOCUMENT, after);
});
