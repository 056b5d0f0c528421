import { describe, expect, test } from "vitest";
import { withDefaults } from "./defaults.ts";
import { validateObject } from "./validation.ts";

const pod = { containers: [{ name: "app", image: "app:1" }] };
const template = { metadata: { labels: { app: "x" } }, spec: pod };
const once = { ...template, spec: { ...pod, restartPolicy: "Never" } };

/** What is said about an object of the kind with this spec, defaulted. */
function check(kind: "DaemonSet" | "Job" | "CronJob", spec: object, expected: readonly string[], name = "x"): void {
  const apiVersion = kind === "DaemonSet" ? "apps/v1" : "batch/v1";
  const object = { apiVersion, kind, metadata: { name, namespace: "default" }, spec };
  expect(validateObject(withDefaults(object)).map(({ text }) => text)).toEqual(expected);
}

describe("DaemonSet", () => {
  const good = { selector: { matchLabels: { app: "x" } }, template };
  test("good", () => check("DaemonSet", good, []));
  test("selector", () => {
    check("DaemonSet", { template }, ["spec.selector: Required value"]);
    check("DaemonSet", { ...good, selector: { matchLabels: { app: "y" } } }, [
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ]);
  });
  test("pods always restart", () => {
    check("DaemonSet", { ...good, template: once }, [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]);
  });
  test("either surge or unavailable", () => {
    const updating = (rollingUpdate: object) => ({ ...good, updateStrategy: { type: "RollingUpdate", rollingUpdate } });
    check("DaemonSet", updating({ maxSurge: 1 }), [
      "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
    ]);
    check("DaemonSet", updating({ maxUnavailable: 0 }), [
      "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
    ]);
    check("DaemonSet", updating({ maxUnavailable: 0, maxSurge: "20%" }), []);
  });
});

describe("Job", () => {
  test("good", () => check("Job", { template: once }, []));
  test("pods that end", () => {
    check("Job", { template }, [
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
  });
  test("counts", () => {
    check("Job", { template: once, parallelism: -1, backoffLimit: -2 }, [
      "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
      "spec.backoffLimit: Invalid value: -2: must be greater than or equal to 0",
    ]);
  });
  test("what only indexed Jobs have", () => {
    check("Job", { template: once, backoffLimitPerIndex: 1 }, [
      "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
    ]);
    check("Job", { template: once, parallelism: 2, completionMode: "Indexed" }, [
      "spec.completions: Required value: when completion mode is Indexed",
    ]);
  });
  test("a name that leaves no room for the index", () => {
    const name = "x".repeat(62);
    check(
      "Job",
      { template: once, completions: 20, completionMode: "Indexed" },
      [`metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-19`],
      name,
    );
  });
  test("failure policy", () => {
    const rules = [{ action: "FailJob", onExitCodes: { containerName: "db", operator: "In", values: [0, 1, 1] } }];
    const path = "spec.podFailurePolicy.rules[0].onExitCodes";
    check("Job", { template: once, podFailurePolicy: { rules } }, [
      `${path}.containerName: Invalid value: "db": must be one of the container or initContainer names in the pod template`,
      `${path}.values[0]: Invalid value: 0: must not be 0 for the In operator`,
      `${path}.values[2]: Duplicate value: 1`,
    ]);
  });
});

describe("CronJob", () => {
  const jobTemplate = { spec: { template: once } };
  test("good", () => check("CronJob", { schedule: "@daily", jobTemplate }, []));
  test("schedule", () => {
    check("CronJob", { jobTemplate }, ["spec.schedule: Required value"]);
    check("CronJob", { schedule: "* * * *", jobTemplate }, [
      'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
    ]);
    check("CronJob", { schedule: "TZ=UTC 0 0 * * *", jobTemplate }, [
      'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ]);
  });
  test("policy, template and name", () => {
    check("CronJob", { schedule: "@daily", jobTemplate: { spec: { template } }, concurrencyPolicy: "Never" }, [
      'spec.concurrencyPolicy: Unsupported value: "Never": supported values: "Allow", "Forbid", "Replace"',
      'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
    const name = "x".repeat(53);
    check(
      "CronJob",
      { schedule: "@daily", jobTemplate },
      [`metadata.name: Invalid value: "${name}": must be no more than 52 characters`],
      name,
    );
  });
});
