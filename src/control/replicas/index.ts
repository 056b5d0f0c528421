export type { TieChooser } from "./pod-manager.ts";
export { ReplicaController, type ReplicaControllerOptions } from "./replica-controller.ts";
export { REPLICA_SET, REPLICATION_CONTROLLER, type ReplicaKind } from "./replica-kind.ts";
