/** What people do during a run, as part of the plan. */

import type { KubeObject, Quantities, StringMap, Taint } from "../kube/index.ts";
import type { JsonPatchOperation } from "../tables/index.ts";
import type { ExposeSettings } from "./expose.ts";
import type { Micros, PlannedObject } from "./plan.ts";
import type { ChosenNodes, SourceLocation } from "./plan-nodes.ts";

export interface ObjectReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface ActionBase {
  readonly index: number;
  readonly atMicros: Micros;
  /** As a person would say it: `kubectl scale deployment/web --replicas=3`. */
  readonly text: string;
  readonly source: SourceLocation;
}

export type Action = ActionBase &
  (
    | { readonly kind: "apply"; readonly objects: readonly PlannedObject[] }
    /** `current`: only if there are so many now. */
    | {
        readonly kind: "scale";
        readonly target: ObjectReference;
        readonly replicas: number;
        readonly current?: number;
      }
    | {
        readonly kind: "setImage";
        readonly target: ObjectReference;
        /** `container` "*" is every container. */
        readonly images: readonly { readonly container: string; readonly image: string }[];
      }
    | {
        readonly kind: "delete";
        readonly target: ObjectReference;
        readonly gracePeriodSeconds: number | null;
        /** What becomes of its dependents; in the background when absent. */
        readonly cascade?: "Background" | "Foreground" | "Orphan";
      }
    | ({
        readonly kind: "rollingUpdate";
        readonly target: ObjectReference;
        readonly replacement: RollingReplacement;
      } & RollingUpdateTimes)
    | ({ readonly kind: "cordon" | "uncordon" } & ChosenNodes)
    | ({ readonly kind: "restartKubelet" } & ChosenNodes)
    | ({ readonly kind: "drain"; readonly gracePeriodSeconds: number | null } & ChosenNodes)
    | { readonly kind: "addNodes"; readonly pool: string; readonly count: number }
    /** Of a pool `count` machines, the youngest first; or the machines of these names. */
    | { readonly kind: "removeNodes"; readonly pool: string; readonly count: number }
    | { readonly kind: "removeNodes"; readonly nodes: readonly string[] }
    | { readonly kind: "rolloutUndo"; readonly target: ObjectReference; readonly toRevision: number | null }
    | {
        readonly kind: "label";
        readonly target: ObjectReference;
        readonly field: "labels" | "annotations";
        readonly set: StringMap;
        readonly remove: readonly string[];
        readonly overwrites: boolean;
      }
    | {
        readonly kind: "taint";
        readonly nodes: readonly string[];
        readonly set: readonly Taint[];
        /** null: every effect. */
        readonly remove: readonly { readonly key: string; readonly effect: string | null }[];
        readonly overwrites: boolean;
      }
    | {
        readonly kind: "patch";
        readonly target: ObjectReference;
        readonly type: "strategic" | "merge";
        readonly patch: Readonly<Record<string, unknown>>;
      }
    | {
        readonly kind: "patch";
        readonly target: ObjectReference;
        readonly type: "json";
        readonly operations: readonly JsonPatchOperation[];
      }
    /** `needs`: what must be there; null: nothing. */
    | { readonly kind: "create"; readonly objects: readonly PlannedObject[]; readonly needs: ObjectReference | null }
    /** `isForced`: deleted and created anew. */
    | { readonly kind: "replace"; readonly objects: readonly PlannedObject[]; readonly isForced: boolean }
    | { readonly kind: "expose"; readonly target: ObjectReference; readonly settings: ExposeSettings }
    /** A Job of the template of a CronJob. */
    | { readonly kind: "createJob"; readonly target: ObjectReference; readonly name: string }
    /** `container` "*" is every container. */
    | {
        readonly kind: "setEnv";
        readonly target: ObjectReference;
        readonly container: string;
        readonly set: StringMap;
        readonly remove: readonly string[];
      }
    | {
        readonly kind: "setResources";
        readonly target: ObjectReference;
        readonly container: string;
        readonly requests: Quantities;
        readonly limits: Quantities;
      }
    | { readonly kind: "rolloutPause" | "rolloutResume" | "rolloutRestart"; readonly target: ObjectReference }
  );

/** How long a rolling update pauses between its steps, how often it looks, and how long it waits. */
export interface RollingUpdateTimes {
  readonly updatePeriodMicros: Micros;
  readonly intervalMicros: Micros;
  readonly timeoutMicros: Micros;
}

/** What takes the place of a ReplicationController: one of a manifest, or a copy of it with another image. */
export type RollingReplacement =
  | { readonly file: string; readonly object: KubeObject; readonly isReplicasWritten: boolean }
  | {
      readonly image: string;
      /** null: the only one. */
      readonly container: string | null;
      /** null: made of the old name, which the new controller takes over at the end. */
      readonly newName: string | null;
      /** The label that tells the pods apart. */
      readonly deploymentKey: string;
    };
