export { JobController, type JobControllerOptions } from "./job-controller.ts";
export { isFinished } from "./job-sync.ts";
export { TtlAfterFinished } from "./ttl.ts";
