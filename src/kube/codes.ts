/** What a stable code means, for `orrery explain CODE`. */
export interface CodeInfo {
  readonly code: string;
  readonly title: string;
  readonly explanation: string;
  readonly example?: string;
}

/** Codes of manifests: E01 errors, W02 warnings, N03 notes. */
export const MANIFEST_CODES: readonly CodeInfo[] = [
  {
    code: "E0101",
    title: "apiVersion or kind is missing",
    explanation:
      "Every Kubernetes object says what it is by apiVersion and kind. When a key at the top looks like one of them, it is probably misspelt.",
    example: "apiVersion: apps/v1\nkind: Deployment",
  },
  {
    code: "E0102",
    title: "no such API version",
    explanation:
      "The apiVersion is not served by Kubernetes 1.37: it is misspelt, it was removed without anything in its place, or the kind belongs to another group. Versions that were removed but have a successor are read as the successor, with warning W0201.",
    example: "apiVersion: apps/v1        # not extensions/v1beta1\nkind: Deployment",
  },
  {
    code: "E0103",
    title: "no such kind",
    explanation: "The API group exists, but has no kind of this name. Kinds are case-sensitive and singular.",
  },
  {
    code: "E0104",
    title: "misspelt field",
    explanation:
      "The field does not exist here and is spelt almost like one that does. The API server refuses it under strict validation, and ignores it otherwise, which is worse.",
    example: "spec:\n  replicas: 3      # not replica",
  },
  {
    code: "E0105",
    title: "field at the wrong level",
    explanation:
      "The field does not exist here, but exists further up or further down. Usually the indentation is off by one step.",
    example: "metadata:\n  name: web\nspec:              # at the same level as metadata\n  replicas: 3",
  },
  {
    code: "E0106",
    title: "wrong type of value",
    explanation:
      "The value is not of the type that the field has: a text where a number is expected, a number where a text is expected (quote it), one value where a list is expected, or a text that is no quantity.",
    example: 'metadata:\n  labels:\n    version: "2"    # labels are texts',
  },
  {
    code: "E0108",
    title: "not a Kubernetes object",
    explanation: "The document is not a map of fields with apiVersion, kind and metadata.",
  },
  {
    code: "E0109",
    title: "refused by the API server",
    explanation:
      "The object is well formed, but the API server would refuse it. The text is the API server's own; it names the field and what is wrong with its value.",
  },
  {
    code: "W0201",
    title: "old API version",
    explanation:
      "This version of the API was removed from Kubernetes. The object is read as the version that took its place; a real cluster of release 1.37 would refuse it.",
  },
  {
    code: "W0202",
    title: "changed in the conversion from an old API version",
    explanation:
      "A field was rewritten, left out, or set to the default that the old version had, so that the object means what it meant.",
  },
  {
    code: "W0204",
    title: "fraction of a byte",
    explanation:
      "Bytes come whole; the API server takes the quantity, with a warning. Often `m` (thousandths) was written where `M` or `Mi` was meant.",
    example: "requests:\n  memory: 128Mi    # not 128m",
  },
  {
    code: "W0205",
    title: "deprecated API",
    explanation: "The kind is still served, but its successor should be used.",
  },
  {
    code: "W0213",
    title: "a schedule that never comes",
    explanation:
      "The five fields are right, but no day has them all, such as the 30th of February. The API server takes it; the CronJob starts nothing unless somebody makes a Job of it.",
    example: 'spec:\n  schedule: "0 0 28 2 *"',
  },
  {
    code: "W0245",
    title: "two ports of one number",
    explanation:
      "Containers of a pod share its address, so that only one of them can listen on a port. The API server takes the pod, with this warning; kubectl patches and applies the two ports as if they were one.",
    example:
      "ports:\n  - { name: http, containerPort: 8080 }\n  - { name: admin, containerPort: 8081 }    # not 8080 again",
  },
  {
    code: "N0302",
    title: "unknown field",
    explanation:
      "Kubernetes may know this field, the simulator does not. It is kept and given back, and has no effect on the simulation.",
  },
  {
    code: "N0303",
    title: "kind kept but not simulated",
    explanation: "Objects of this kind can be created, listed and deleted, and nothing acts on them.",
  },
];
