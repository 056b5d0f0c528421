import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "../built.ts";
import { bytesOf, countRuns, RUN_COUNT, type Running, start, writeExperiment } from "./processes.ts";

/** An experiment whose runs are made by workers over a real Redis, one of which is killed: the bytes of a local one. */

const PATIENCE = 600_000;
const missing = missingParts();
if (missing !== null) console.warn(`SKIPPED: experiments over Redis are not tested here: ${missing}.`);

function missingParts(): string | null {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
  } catch {
    return "redis-server is not installed (apt-get install redis-server)";
  }
  try {
    createRequire(import.meta.url).resolve("ioredis");
    return null;
  } catch {
    return "the optional package ioredis is not installed (npm install ioredis)";
  }
}

describe.skipIf(missing !== null)("over Redis", () => {
  let scratch = "";
  let url = "";
  const processes: { kill(signal: "SIGKILL"): unknown }[] = [];

  beforeAll(async () => {
    await ensureBuilt();
    scratch = mkdtempSync(join(tmpdir(), "orrery-redis-"));
    const port = await freePort();
    const words = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", scratch];
    processes.push(spawn("redis-server", words, { stdio: "ignore" }));
    await untilOpen(port);
    url = `redis://127.0.0.1:${port}`;
  }, PATIENCE);

  afterAll(() => {
    for (const one of processes) one.kill("SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  });

  const worker = (): Running => {
    const running = start(["worker", "--redis", url, "-j", "1", "--quiet"]);
    processes.push(running.child);
    return running;
  };

  test(
    "two workers, one killed, and the coordinator killed and resumed: the bytes of a local experiment",
    async () => {
      const experiment = writeExperiment(scratch);
      const local = ["experiment", experiment, "--out", join(scratch, "local"), "--quiet"];
      expect((await start(local).ended).code).toBe(0);
      const out = join(scratch, "far");
      const far = ["experiment", experiment, "--out", out, "--resume", "--quiet", "--redis", url];
      const [lost, kept] = [worker(), worker()];
      const first = start(far);
      processes.push(first.child);
      await until(() => countRuns(join(out, "tiny")) >= 30, first);
      lost.child.kill("SIGKILL");
      expect((await lost.ended).signal).toBe("SIGKILL");
      await until(() => countRuns(join(out, "tiny")) >= 60, first);
      first.child.kill("SIGKILL");
      await first.ended;
      const second = await start(far).ended;
      expect([second.code, second.stderr]).toEqual([0, ""]);
      expect(countRuns(join(out, "tiny"))).toBe(RUN_COUNT);
      expect(bytesOf(out)).toEqual(bytesOf(join(scratch, "local")));
      // A worker that is asked to stop ends in good order.
      kept.child.kill("SIGTERM");
      expect((await kept.ended).code).toBe(0);
    },
    PATIENCE,
  );

  test(
    "a Redis that is not there is told at once",
    async () => {
      const nowhere = `redis://:secret@127.0.0.1:${await freePort()}`;
      const { code, stderr } = await start(["worker", "--redis", nowhere]).ended;
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/^orrery: cannot reach Redis at redis:\/\/…@127\.0\.0\.1/),
      ]);
      expect(stderr).not.toContain("secret");
    },
    PATIENCE,
  );
});

async function until(isReached: () => boolean, running: Running): Promise<void> {
  let ended: unknown = null;
  void running.ended.then((end) => {
    ended = end;
  });
  while (!isReached()) {
    if (ended !== null) throw new Error(`the process has ended: ${JSON.stringify(ended)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function untilOpen(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("redis-server does not answer");
}
