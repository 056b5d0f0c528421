import {
  DeploymentController,
  GarbageCollector,
  REPLICA_SET,
  REPLICATION_CONTROLLER,
  ReplicaController,
  type TieChooser,
} from "../../../src/control/index.ts";
import type { Store } from "../../../src/store/index.ts";

/** What a controller of a scenario is made from. */
export interface ControllerContext {
  readonly store: Store;
  /** Flags of kube-controller-manager where they differ from the defaults; spans in seconds. */
  readonly flags: Readonly<Record<string, number>>;
  readonly chooseTied: TieChooser;
}
type Maker = (context: ControllerContext) => unknown;

/**
 * Every controller that exists, by its name in the recordings. At one instant they react in this order: ReplicaSets before
 * the Deployments that watch them, as the recordings show.
 */
const CONTROLLERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["replicaset", ({ store, chooseTied }) => new ReplicaController(store, REPLICA_SET, { chooseTied })],
  [
    "replicationcontroller",
    ({ store, chooseTied }) => new ReplicaController(store, REPLICATION_CONTROLLER, { chooseTied }),
  ],
  ["deployment", ({ store }) => new DeploymentController(store)],
]);

export function isKnownController(name: string): boolean {
  return CONTROLLERS.has(name);
}

/** Makes the named controllers, and the garbage collector, which every recording has. */
export function startControllers(names: readonly string[], context: ControllerContext): void {
  for (const name of names) if (!isKnownController(name)) throw new Error(`there is no controller "${name}"`);
  for (const [name, make] of CONTROLLERS) if (names.includes(name)) make(context);
  new GarbageCollector(context.store);
}
