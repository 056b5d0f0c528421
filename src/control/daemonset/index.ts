export { DaemonSetController, type DaemonSetControllerOptions } from "./daemonset-controller.ts";
export type { RolloutChooser } from "./rolling-update.ts";
