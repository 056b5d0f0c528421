import { describe, expect, it } from "vitest";
import { seconds } from "../units/index.ts";
import { crashBackoff, resyncDelay } from "./backoff.ts";
import { KUBELET_DEFAULTS } from "./options.ts";

/** Instants (s) at which a container that always ends `runSeconds` after its start is started, looked at every second. */
function starts(runSeconds: number, count: number): number[] {
  const at: number[] = [];
  let entry = { backoffMicros: 0, backoffAt: 0 };
  let started = 0;
  while (at.length < count) {
    const finishedAt = started + seconds(runSeconds);
    for (let now = finishedAt; ; now += seconds(1)) {
      const decision = crashBackoff(entry, finishedAt, now, KUBELET_DEFAULTS);
      if (!decision.isDue) continue;
      entry = { backoffMicros: decision.backoffMicros, backoffAt: decision.backoffAt };
      at.push((now - finishedAt) / seconds(1));
      started = now;
      break;
    }
  }
  return at;
}

describe("crash back-off", () => {
  const check = (name: string, runSeconds: number, waits: readonly number[]): void => {
    it(name, () => expect(starts(runSeconds, waits.length)).toEqual(waits));
  };
  check("first restart at once, then doubling to five minutes", 0, [0, 10, 20, 40, 80, 160, 300, 300]);
  check("a run of ten minutes still counts", 600, [0, 10, 20, 40]);
  check("a run of more than ten minutes begins anew", 601, [0, 0, 0, 0]);

  it("looks again later than the expiry, in steps of at most a minute", () => {
    expect(resyncDelay(seconds(10), seconds(60), 0.5, 0)).toBe(seconds(10));
    expect(resyncDelay(seconds(10), seconds(60), 0.5, 0.5)).toBe(seconds(12.5));
    expect(resyncDelay(seconds(200), seconds(60), 0.5, 0)).toBe(seconds(60));
    expect(resyncDelay(-5, seconds(60), 0.5, 0.9)).toBe(0);
  });
});
