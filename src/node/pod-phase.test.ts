import { describe, expect, it } from "vitest";
import type { PodSpec } from "../kube/index.ts";
import { CONDITION, POD_PHASE_NAMES } from "../store/index.ts";
import { podPhase, sharedConditions } from "./pod-phase.ts";
import { NEW_UNIT, shapeOf, UNIT, type Unit } from "./unit.ts";

const running: Unit = { ...NEW_UNIT, state: UNIT.running, instance: 1, isStarted: true, isReady: true };
const ended = (exitCode: number): Unit => ({
  ...NEW_UNIT,
  state: UNIT.exited,
  instance: 1,
  ending: { exitCode, reason: "", startedAt: 0, finishedAt: 1 },
});
/** Waits for its restart in a new sandbox. */
const renewed: Unit = { ...NEW_UNIT, lastEnding: ended(137).ending, restartCount: 1 };

const container = (name: string) => ({ name, image: `${name}:1` });
const spec = (restartPolicy: PodSpec["restartPolicy"], inits: readonly string[] = []): PodSpec => ({
  restartPolicy: restartPolicy ?? "Always",
  initContainers: inits.map((name) => ({
    ...container(name),
    ...(name.startsWith("side") ? { restartPolicy: "Always" } : {}),
  })),
  containers: [container("a"), container("b")],
});

describe("phase", () => {
  const check = (name: string, pod: PodSpec, units: readonly Unit[], phase: string, isStopped = false): void => {
    it(`${name}: ${phase}`, () => expect(POD_PHASE_NAMES[podPhase(shapeOf(pod), units, isStopped)]).toBe(phase));
  };
  const always = spec("Always");
  const never = spec("Never");
  check("one container not started", always, [running, NEW_UNIT], "Pending");
  check("all run", always, [running, running], "Running");
  check("one ended, one runs", never, [ended(0), running], "Running");
  check("all wait for their restart", always, [ended(1), ended(0)], "Running");
  check("new sandbox", always, [renewed, renewed], "Running");
  check("never restarted, all well", never, [ended(0), ended(0)], "Succeeded");
  check("never restarted, one not", never, [ended(0), ended(2)], "Failed");
  check("on failure, one to be restarted", spec("OnFailure"), [ended(0), ended(2)], "Running");
  check("stopped for good, all well", always, [ended(0), ended(0)], "Succeeded", true);
  check("stopped for good, one killed", always, [ended(0), ended(137)], "Failed", true);
  check("an init container runs", spec("Always", ["init"]), [running, NEW_UNIT, NEW_UNIT], "Pending");
  check(
    "an init container failed, to be restarted",
    spec("Always", ["init"]),
    [ended(1), NEW_UNIT, NEW_UNIT],
    "Pending",
  );
  check("an init container failed for good", spec("Never", ["init"]), [ended(1), NEW_UNIT, NEW_UNIT], "Failed");
  check("a sidecar does not keep a pod", spec("Never", ["side"]), [running, ended(0), ended(0)], "Running");
  check("a sidecar's end does not count", spec("Never", ["side"]), [ended(137), ended(0), ended(0)], "Succeeded", true);
});

describe("conditions", () => {
  it("name what is not ready, and are one object for pods alike", () => {
    const shape = shapeOf(spec("Always", ["init"]));
    const units = [ended(0), { ...running, isReady: false }, NEW_UNIT];
    const found = sharedConditions(shape, units, 0, true);
    expect(found.conditions).toMatchObject({ Initialized: CONDITION.true, Ready: CONDITION.false });
    expect(found.texts.Ready).toEqual({
      reason: "ContainersNotReady",
      message: "containers with unready status: [a b]",
    });
    expect(sharedConditions(shape, [...units], 0, true)).toBe(found);
    expect(sharedConditions(shape, [NEW_UNIT, NEW_UNIT, NEW_UNIT], 0, false).texts.Initialized).toEqual({
      reason: "ContainersNotInitialized",
      message: "containers with incomplete status: [init]",
    });
  });
});
