import type { Argv } from "yargs";
import { type Finish, once } from "./options.ts";
import { type Terminal, UsageError } from "./terminal.ts";

export function addInit(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "init [example]",
    "Write a small working scenario to begin with; --list says which there are",
    (command) =>
      command
        .positional("example", { type: "string", describe: "hpa by default" })
        .option("list", { type: "boolean", default: false, describe: "Say which examples there are" })
        .option("out", {
          type: "string",
          requiresArg: true,
          describe: "Folder to be made; the example's name by default",
        }),
    async ({ example, list, out }) => {
      const { init, listStarters } = await import("./init.ts");
      if (!list) return finish(init({ example: example ?? "hpa", out: once("out", out) }, terminal));
      if (example !== undefined || out !== undefined) throw new UsageError("init --list takes nothing else");
      listStarters(terminal);
    },
  );
}
