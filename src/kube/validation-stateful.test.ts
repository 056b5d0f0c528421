import { describe, expect, test } from "vitest";
import { withDefaults } from "./defaults.ts";
import type { KubeObject } from "./types.ts";
import { validateObject } from "./validation.ts";

type Spec = Record<string, unknown>;

const template = (container: Spec = {}): Spec => ({
  metadata: { labels: { app: "db" } },
  spec: { containers: [{ name: "db", image: "db:1", ...container }] },
});
const claim = (spec: Spec): Spec => ({ metadata: { name: "data" }, spec });
const storage = { requests: { storage: "1Gi" } };

function complaints(apiVersion: string, kind: string, spec: Spec, name = "db"): string[] {
  const object = { apiVersion, kind, metadata: { name }, spec } as unknown as KubeObject;
  return validateObject(withDefaults(object)).map(({ text }) => text);
}

describe("a StatefulSet is refused for", () => {
  const check = (title: string, more: Spec, expected: readonly string[], name?: string) =>
    test(title, () => {
      const spec = { serviceName: "db", selector: { matchLabels: { app: "db" } }, template: template(), ...more };
      expect(complaints("apps/v1", "StatefulSet", spec, name)).toEqual(expected);
    });
  const rolling = (rollingUpdate: Spec): Spec => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });
  const mounting = template({ volumeMounts: [{ name: "data", mountPath: "/data" }] });

  check(
    "nothing",
    { template: mounting, volumeClaimTemplates: [claim({ accessModes: ["ReadWriteOnce"], resources: storage })] },
    [],
  );
  check("a mount without a claim", { template: mounting }, [
    'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
  ]);
  check(
    "a name that is no label",
    {},
    [expect.stringContaining('metadata.name: Invalid value: "d.b"') as string],
    "d.b",
  );
  check("negative numbers", { replicas: -1, minReadySeconds: -1, ordinals: { start: -1 } }, [
    "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
    "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0",
  ]);
  check("an unknown order", { podManagementPolicy: "Reverse" }, [
    "spec.podManagementPolicy: Invalid value: \"Reverse\": must be 'OrderedReady' or 'Parallel'",
  ]);
  check("an unknown strategy", { updateStrategy: { type: "Recreate" } }, [
    "spec.updateStrategy: Invalid value: {\"type\":\"Recreate\"}: must be 'RollingUpdate' or 'OnDelete'",
  ]);
  check("a rolling update that is not one", { updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } } }, [
    "spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'",
  ]);
  check("no budget of unavailable pods", rolling({ maxUnavailable: 0 }), [
    "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
  ]);
  check("more than all", rolling({ maxUnavailable: "101%", partition: -1 }), [
    "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ]);
  check("an unknown retention", { persistentVolumeClaimRetentionPolicy: { whenScaled: "Keep" } }, [
    'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"',
  ]);
  check("a claim that asks for nothing", { volumeClaimTemplates: [claim({})] }, [
    "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
    "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
  ]);
  check("a selector of everything", { selector: {} }, [
    "spec.selector: Invalid value: {}: empty selector is invalid for statefulset",
  ]);
  check("a selector of other pods", { selector: { matchLabels: { app: "web" } } }, [
    'spec.template.metadata.labels: Invalid value: {"app":"db"}: `selector` does not match template `labels`',
  ]);
});
