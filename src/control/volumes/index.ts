/** Persistent storage: binding, provisioning, reclaiming and protecting volumes and claims. */
export { PROVISIONING_DEFAULTS, type ProvisioningDelays } from "./provisioner.ts";
export { VolumeController } from "./volume-controller.ts";
