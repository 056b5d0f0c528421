import { describe, expect, it } from "vitest";
import type { Probe } from "../kube/index.ts";
import { seconds } from "../units/index.ts";
import { failedAt, readyAt, startupOutcome } from "./probe-times.ts";

const at = (probe: Probe, from: number, startedAt = from) => ({
  probe,
  from: seconds(from),
  startedAt: seconds(startedAt),
});

describe("readiness", () => {
  const check = (name: string, probe: Probe, answers: number, ready: number): void => {
    it(name, () => expect(readyAt(at(probe, 3), seconds(answers))).toBe(seconds(ready)));
  };
  check("the first attempt is immediate", {}, 0, 3);
  check("an application that warms up is found at the next attempt", {}, 4, 13);
  check("an attempt at the very instant counts", {}, 13, 13);
  check("none before the initial delay", { initialDelaySeconds: 5 }, 0, 13);
  check("an attempt at the end of the delay counts", { initialDelaySeconds: 20 }, 0, 23);
  check("so many successes in a row", { periodSeconds: 2, successThreshold: 3 }, 0, 7);
});

describe("startup", () => {
  const check = (name: string, probe: Probe, answers: number, passed: boolean, outcome: number): void => {
    it(name, () => {
      expect(startupOutcome(at(probe, 0, 3), seconds(answers))).toEqual({ at: seconds(outcome), isPassed: passed });
    });
  };
  check("on the grid of the pod's probe workers", { periodSeconds: 5 }, 0, true, 5);
  check("late but in time", { periodSeconds: 5, failureThreshold: 3 }, 15, true, 15);
  check("too late", { periodSeconds: 5, failureThreshold: 3 }, 16, false, 15);
  check(
    "the initial delay moves both",
    { periodSeconds: 5, failureThreshold: 1, initialDelaySeconds: 10 },
    14,
    true,
    15,
  );
});

describe("liveness", () => {
  it("fails after the threshold's attempts and the last one's timeout", () => {
    expect(failedAt(at({ periodSeconds: 10, failureThreshold: 3 }, 0), seconds(12))).toBe(seconds(20 + 20 + 1));
  });
});
