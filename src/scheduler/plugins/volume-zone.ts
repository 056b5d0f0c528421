import {
  claimClass,
  isBindingDelayed,
  type PersistentVolume,
  type StorageClass,
  type StringMap,
} from "../../kube/index.ts";
import { sameData } from "../../tables/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import { StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import { hasClaims, usesClaim, volumesOf } from "../pod-volumes.ts";
import { SKIP, type Status, unresolvable } from "../status.ts";
import { NO_STORAGE, type StorageView } from "../storage-view.ts";
import { claimNotFound } from "./volume-restrictions.ts";

const NAME = "VolumeZone";

/** The label that took an old one's place. */
const SUCCESSORS: Readonly<Record<string, string>> = {
  "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
};
const LABELS = [...Object.keys(SUCCESSORS), ...Object.values(SUCCESSORS)];

/** Where a volume is, by one of its labels. */
interface Place {
  readonly key: string;
  readonly values: readonly string[];
}

/**
 * Volumes whose labels name zones or regions are used there only.
 * @source kubernetes 1.37 volumezone plugin
 */
export function volumeZone({ storage = NO_STORAGE }: ClusterView): Plugin {
  const key = new StateKey<readonly Place[]>(NAME);
  const elsewhere = unresolvable(NAME, "node(s) had no available volume zone");
  return {
    name: NAME,
    concerns: hasClaims,
    memoKey: (template) => (hasClaims(template) ? null : ""),
    preFilter: (state, pod) => {
      const places = placesOfPod(storage, pod);
      if ("code" in places) return { status: places };
      if (places.length === 0) return { status: SKIP };
      state.write(key, places);
      return null;
    },
    filter: (state, _pod, { labels }) => {
      if (!LABELS.some((label) => labels[label] !== undefined)) return null;
      return (state.read(key) ?? []).every((place) => isThere(labels, place)) ? null : elsewhere;
    },
    hints: [
      {
        events: ["StorageClass/Add"],
        hint: (_pod, { newObject }) => isBindingDelayed(newObject as StorageClass | undefined),
      },
      { events: ["Node/Add", "Node/UpdateLabel"], hint: () => true },
      {
        events: ["PersistentVolumeClaim/Add", "PersistentVolumeClaim/Update"],
        hint: (pod, { newClaim }) => newClaim !== undefined && usesClaim(pod, newClaim, false),
      },
      { events: ["PersistentVolume/Add"], hint: () => true },
      {
        events: ["PersistentVolume/Update"],
        hint: (_pod, { oldObject, newObject }) =>
          !sameData(placesOf(oldObject as PersistentVolume), placesOf(newObject as PersistentVolume)),
      },
    ],
  };
}

function placesOfPod(storage: StorageView, { namespace, spec }: PodInfo): readonly Place[] | Status {
  const places: Place[] = [];
  for (const { name, isEphemeral } of volumesOf(spec).claims) {
    if (isEphemeral) continue;
    const claim = storage.claim(namespace, name);
    if (claim === undefined) return claimNotFound(NAME, name);
    const volumeName = claim.spec?.volumeName ?? "";
    if (volumeName === "") {
      const className = claimClass(claim);
      if (className === "") {
        return unresolvable(NAME, "PersistentVolumeClaim had no pv name and storageClass name");
      }
      const storageClass = storage.storageClass(className);
      if (storageClass === undefined) {
        return unresolvable(NAME, `storageclass.storage.k8s.io "${className}" not found`);
      }
      if (isBindingDelayed(storageClass)) continue;
      return unresolvable(NAME, "PersistentVolume had no name");
    }
    const volume = storage.volume(volumeName);
    if (volume === undefined) return unresolvable(NAME, `persistentvolume "${volumeName}" not found`);
    places.push(...placesOf(volume));
  }
  return places;
}

function placesOf({ metadata }: PersistentVolume): Place[] {
  return LABELS.flatMap((key) => {
    const text = metadata.labels?.[key];
    if (text === undefined) return [];
    const values = [...new Set(text.split("__").map((value) => value.trim()))].sort();
    return values.includes("") ? [] : [{ key, values }];
  });
}

function isThere(labels: StringMap, { key, values }: Place): boolean {
  const value = labels[key] ?? labels[SUCCESSORS[key] ?? key];
  return value !== undefined && values.includes(value);
}
