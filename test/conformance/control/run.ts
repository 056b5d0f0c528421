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
  /** Leaves out these controllers and kinds, in the playing and in the comparison: to see how far the others agree. */
  readonly without?: { readonly controllers: readonly string[]; readonly kinds: readonly string[] };
}

/** Plays the scenarios of one recording (daemonset, deploy, job, …) and compares. */
export function runControlFile(recorded: readonly Scenario[], options: ControlOptions = {}): ControlAgreement {
  const { only = "", without } = options;
  const scenarios = without === undefined ? recorded : recorded.map((scenario) => reduced(scenario, without));
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

function reduced(scenario: Scenario, without: NonNullable<ControlOptions["without"]>): Scenario {
  return {
    ...scenario,
    controllers: scenario.controllers.filter((name) => !without.controllers.includes(name)),
    timeline: scenario.timeline.filter(({ k }) => !without.kinds.includes(k)),
    events: scenario.events.filter(({ obj }) => !without.kinds.includes(obj.split("/")[0] ?? "")),
  };
}

function compare(scenario: Scenario): readonly string[] {
  const missing = scenario.controllers.filter((name) => !isKnownController(name));
  if (missing.length > 0) return [`not simulated yet: ${missing.join(", ")}`];
  return differences(scenario, play(scenario));
}
