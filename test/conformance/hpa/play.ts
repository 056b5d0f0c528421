/** HPA and ReplicaSet controllers together, in the closed loop: nothing is taken from the recording but true ties. */
import { HpaController } from "../../../src/control/hpa/index.ts";
import { REPLICA_SET, ReplicaController, type TieChooser } from "../../../src/control/replicas/index.ts";
import { Engine } from "../../../src/engine/index.ts";
import { type ReplicaSet, withDefaults } from "../../../src/kube/index.ts";
import { CHANGE, CONDITION, POD_PHASE_NAMES, Store } from "../../../src/store/index.ts";
import { seconds } from "../../../src/units/index.ts";
import { type KubeletSpec, playKubelets } from "./kubelets.ts";
import { recordedMetrics } from "./load.ts";
import { applyStep, deltas, EPOCH, hpaOptions, projection, type Replay, type SyncScenario } from "./replay.ts";

type Fields = Record<string, unknown>;

/** Plays a scenario from its objects, steps and load alone. */
export function playScenario(scenario: SyncScenario & { readonly kubelet: KubeletSpec }): Replay {
  const engine = new Engine({ seed: 1 });
  // As in the recording, the order of uids is that of creation; it decides among victims of like age.
  const uidOf = (serial: number) => `00000000-0000-4000-8000-${String(serial).padStart(12, "0")}`;
  const store = new Store(engine, { epochMicros: EPOCH, uidOf });
  const ordinals = new Map<number, number>();
  const ordinalOf = (row: number) => ordinals.get(store.pods.serial.get(row)) ?? 0;
  const naming = store.watch("ordinals", ["Pod"], () => {
    while (naming.next()) {
      if ((naming.flags & CHANGE.added) !== 0) ordinals.set(store.pods.serial.get(naming.row), ordinals.size + 1);
    }
  });
  new HpaController(store, recordedMetrics(store, scenario.load), hpaOptions(scenario));
  const nameOf = (row: number) => `P${ordinalOf(row)}`;
  new ReplicaController(store, REPLICA_SET, { chooseTied: recordedTies(scenario, store, nameOf) });
  playKubelets(store, scenario.kubelet, ordinalOf);
  const finish = record(store, nameOf);
  for (const object of scenario.objects) store.writer.create(withDefaults(object));
  for (const step of scenario.steps) {
    engine.run(seconds(step.t));
    applyStep(store, step);
  }
  engine.run(seconds(scenario.duration));
  return finish();
}

/** Of pods that rank equal, those that the original took at this instant. */
function recordedTies(scenario: SyncScenario, store: Store, nameOf: (row: number) => string): TieChooser {
  const taken = new Set<string>();
  for (const { t, k, id, gone, s } of scenario.timeline) {
    if (k === "Pod" && (gone === true || s?.deleting === true)) taken.add(`${seconds(t)} ${id}`);
  }
  return (tied, count) => {
    const isTaken = (row: number) => taken.has(`${store.engine.now} ${nameOf(row)}`);
    return [...tied.filter(isTaken), ...tied.filter((row) => !isTaken(row))].slice(0, count);
  };
}

/** Collects the states of HPAs, ReplicaSets and pods at the end of each instant, and all events. */
function record(store: Store, nameOf: (row: number) => string): () => Replay {
  const states = new Map<string, Map<number, Fields | undefined>>();
  const events: Replay["events"] = [];
  const realNames = new Map<string, string>();
  const now = () => Math.round(store.engine.now / 1000) / 1000;
  const keep = (key: string, state: Fields | undefined) => {
    const known = states.get(key) ?? new Map<number, Fields | undefined>();
    states.set(key, known.set(now(), state));
  };
  const podKind = store.kindIdOf("Pod");
  const hpas = store.documents("HorizontalPodAutoscaler");
  const sets = store.documents<ReplicaSet>("ReplicaSet");
  const cursor = store.observe(
    "recorder",
    ["HorizontalPodAutoscaler", "ReplicaSet", "Pod"],
    () => {
      while (cursor.next()) {
        const { kindId, row, flags } = cursor;
        if (kindId === podKind) {
          realNames.set(store.pods.name.get(row), nameOf(row));
          keep(`Pod ${nameOf(row)}`, (flags & CHANGE.deleted) === 0 ? podFields(store, row) : undefined);
        } else if (kindId === sets.kindId) keep(`ReplicaSet ${sets.get(row).metadata.name}`, setFields(sets.get(row)));
        else keep(`HorizontalPodAutoscaler ${hpas.get(row).metadata.name}`, projection(hpas.get(row) as never));
      }
    },
    { documents: { flags: -1 } },
  );
  store.events.sink = {
    written: ({ involvedObject: { kind, name }, type, reason, message, count }) => {
      const msg = message.replace("(combined from similar events): ", "");
      events.push({ t: now(), obj: `${kind}/${name}`, type, reason, msg, ...(count > 1 && { n: count }) });
    },
  };
  const renamed = (text: string) => text.replace(/web-[a-z0-9]+/g, (real) => realNames.get(real) ?? real);
  return () => ({
    timeline: [...states].flatMap(([key, byTime]) => {
      const [k = "", id = ""] = key.split(" ");
      const entries = deltas(k, id, byTime);
      return entries.map((entry) => JSON.parse(renamed(JSON.stringify(entry))) as typeof entry);
    }),
    events: events.map((event) => ({ ...event, msg: renamed(event.msg) })),
  });
}

function podFields({ pods }: Store, row: number): Fields {
  return {
    phase: POD_PHASE_NAMES[pods.phase.get(row)],
    ...(pods.ready.get(row) === CONDITION.true && { ready: true }),
    ...(pods.nodeNameOf(row) !== "" && { node: pods.nodeNameOf(row) }),
    owner: `ReplicaSet/${pods.owner.get(row)?.name}`,
    ...(pods.isDeleting(row) && { deleting: true }),
    img: pods.templateOf(row).spec.containers[0]?.image,
  };
}

function setFields({ metadata, spec, status }: ReplicaSet): Fields {
  return {
    img: spec.template?.spec.containers[0]?.image,
    spec: spec.replicas ?? 0,
    n: status?.replicas ?? 0,
    labeled: status?.fullyLabeledReplicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    avail: status?.availableReplicas ?? 0,
    term: status?.terminatingReplicas ?? 0,
    gen: metadata.generation,
    obs: status?.observedGeneration ?? 0,
  };
}
