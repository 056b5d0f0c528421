import { play } from "./cluster.ts";
import { differences } from "./compare.ts";
import { isKnownController, type Order } from "./controllers.ts";
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
  const found = differences(scenario, play(scenario));
  if (found.length === 0 || scenario.racy === undefined) return found;
  // One recorded outcome of several: it agrees with what comes of any order of things due at one instant.
  const isOutcomeOf = (order: Order): boolean => differences(scenario, play(scenario, order)).length === 0;
  return ORDERS.some(isOutcomeOf) ? [] : found;
}

/** What the original takes in either order, one by one. */
const ORDERS: readonly Order[] = [{ deletesInSync: true }, { looksFirst: true }, { passesFirst: true }];
