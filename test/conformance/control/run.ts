import { play } from "./cluster.ts";
import { differences } from "./compare.ts";
import { isKnownController } from "./controllers.ts";
import type { Scenario } from "./scenario.ts";

/** How far one recording agrees. A scenario that needs a controller that does not exist does not agree, and says so. */
export interface ControlAgreement {
  readonly family: string;
  readonly scenarios: number;
  readonly agreed: number;
  readonly differences: readonly { readonly scenario: string; readonly lines: readonly string[] }[];
}

export interface ControlOptions {
  /** Plays only scenarios whose name contains this. */
  readonly only?: string;
}

/** Plays the scenarios of one recording (daemonset, deploy, job, …) and compares. */
export function runControlFile(scenarios: readonly Scenario[], options: ControlOptions = {}): ControlAgreement {
  const { only = "" } = options;
  const chosen = scenarios.filter(({ name }) => name.includes(only));
  const found = chosen.map((scenario) => ({ scenario: scenario.name, lines: compare(scenario) }));
  const differing = found.filter(({ lines }) => lines.length > 0);
  return {
    family: scenarios[0]?.family ?? "",
    scenarios: chosen.length,
    agreed: chosen.length - differing.length,
    differences: differing,
  };
}

function compare(scenario: Scenario): readonly string[] {
  const missing = scenario.controllers.filter((name) => !isKnownController(name));
  if (missing.length > 0) return [`not simulated yet: ${missing.join(", ")}`];
  return differences(scenario, play(scenario));
}
