import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Deployment } from "../kube/index.ts";
import type { Plan } from "../world/plan.ts";
import { loadScenario } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-patch-"));
afterAll(() => rmSync(folder, { recursive: true }));

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: nginx:1, resources: { requests: { cpu: 100m }, limits: { cpu: 200m } } }
        - { name: envoy, image: envoy:1 }
`;
writeFileSync(join(folder, "web.yaml"), WEB);

/** Name, image and requested CPU of each container. */
function containers(plan: Plan | null): string[] {
  const web = plan?.objects.find(({ object }) => object.kind === "Deployment")?.object as Deployment;
  return web.spec.template.spec.containers.map(({ name, image, resources }) =>
    [name, image, resources?.requests?.cpu ?? "-"].join(" "),
  );
}

const load = (settings: string[], overlays: string[] = [], file = "web.yaml") =>
  loadScenario(join(folder, file), { version: "0", settings, overlays });

const REQUEST = "Deployment/web:spec.template.spec.containers[0].resources.requests.cpu=150m";

test("a setting changes one field of one container", async () => {
  const { plan, problems } = await load([REQUEST]);
  expect(problems.filter(({ code }) => code.startsWith("E"))).toEqual([]);
  expect(containers(plan)).toEqual(["web nginx:1 150m", "envoy envoy:1 -"]);
});

test("so it does again from the resolved scenario", async () => {
  const first = await load([REQUEST]);
  writeFileSync(join(folder, "scenario.resolved.yaml"), first.resolved.replaceAll("inputs/", ""));
  const { plan } = await load([], [], "scenario.resolved.yaml");
  expect(containers(plan)).toEqual(["web nginx:1 150m", "envoy envoy:1 -"]);
  expect(plan?.objects.map(({ object }) => object)).toEqual(first.plan?.objects.map(({ object }) => object));
});

test("a patch file changes containers by their names", async () => {
  const file = join(folder, "patch.yaml");
  writeFileSync(
    file,
    "kind: Deployment\nmetadata: { name: web }\nspec: { template: { spec: { containers: [{ name: envoy, image: envoy:2 }] } } }\n",
  );
  const { plan } = await load([], [file]);
  expect(containers(plan)).toEqual(["web nginx:1 100m", "envoy envoy:2 -"]);
});

test("what is wrong with a setting is said of it", async () => {
  const { problems } = await load([REQUEST.replace("150m", "much")]);
  expect(problems.map(({ file, code }) => `${file} ${code}`)).toContain(
    `--set ${REQUEST.replace("150m", "much")} E0106`,
  );
});
