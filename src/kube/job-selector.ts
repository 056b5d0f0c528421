import type { Job, StringMap } from "./types.ts";

const JOB_NAME = "batch.kubernetes.io/job-name";
const CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
/** The same before the labels had a prefix; still set. */
const LEGACY_JOB_NAME = "job-name";
const LEGACY_CONTROLLER_UID = "controller-uid";

/**
 * A Job with the labels and the selector that the server gives it at creation, by which its pods are its own; labels that
 * are there already stay. A Job with `manualSelector` is left as it is.
 *
 * @source kubernetes 1.37 pkg/registry/batch/job/strategy.go generateSelector
 */
export function withJobSelector(job: Job, uid: string): Job {
  const { spec, metadata } = job;
  if (spec.manualSelector === true) return job;
  const { name = "" } = metadata;
  const labels: StringMap = {
    [LEGACY_JOB_NAME]: name,
    [JOB_NAME]: name,
    [LEGACY_CONTROLLER_UID]: uid,
    [CONTROLLER_UID]: uid,
    ...spec.template.metadata?.labels,
  };
  const selector = { ...spec.selector, matchLabels: { [CONTROLLER_UID]: uid, ...spec.selector?.matchLabels } };
  const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } };
  return { ...job, spec: { ...spec, selector, template } };
}
