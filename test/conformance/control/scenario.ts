import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { KubeObject } from "../../../src/kube/index.ts";
import type { RecordedLoad } from "../hpa/load.ts";

/** What the fake kubelet does with a pod. Seconds. */
export interface PodBehavior {
  readonly start?: number;
  readonly ready?: number;
  readonly term?: number;
  readonly exit?: number;
  readonly exitCode?: number;
}

export interface KubeletConfig {
  readonly binder?: boolean;
  readonly bindDelay?: number;
  readonly nodes?: readonly string[];
  readonly default: PodBehavior;
  readonly images?: Readonly<Record<string, PodBehavior>>;
  readonly heartbeat?: boolean;
}

export interface Step {
  readonly t: number;
  readonly op: string;
  readonly kind?: string;
  readonly ns?: string;
  readonly name?: string;
  readonly obj?: KubeObject;
  readonly patch?: unknown;
  readonly sub?: string;
  readonly propagation?: string;
  readonly grace?: number;
  readonly ready?: boolean;
  readonly n?: number;
  readonly nodes?: readonly string[];
}

/** The fields of one object that differ from its previous entry, at the end of a millisecond. `t` in seconds. */
export interface Entry {
  readonly t: number;
  readonly k: string;
  readonly id: string;
  readonly gone?: boolean;
  readonly s?: Readonly<Record<string, unknown>>;
}

export interface EventEntry {
  readonly t: number;
  readonly obj: string;
  readonly type: string;
  readonly reason: string;
  readonly msg: string;
  readonly n?: number;
}

/** A recorded scenario: objects, controllers, script, and what the original controllers made of it (FORMAT.md). */
export interface Scenario {
  readonly name: string;
  readonly family: string;
  readonly controllers: readonly string[];
  readonly flags?: Readonly<Record<string, number>>;
  readonly kubelet: KubeletConfig;
  readonly objects: readonly KubeObject[] | null;
  readonly steps?: readonly Step[];
  readonly duration: number;
  /** What the metrics APIs answer. */
  readonly load?: RecordedLoad;
  readonly timeline: readonly Entry[];
  readonly events: readonly EventEntry[];
  readonly racy?: readonly string[];
}

export interface Outcome {
  readonly timeline: readonly Entry[];
  readonly events: readonly EventEntry[];
}

/** The scenarios of a recording, `.json` or `.json.gz`. */
export function readRecording(path: string | URL): Scenario[] {
  const bytes = readFileSync(path);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return JSON.parse((isGzip ? gunzipSync(bytes) : bytes).toString("utf8")) as Scenario[];
}
