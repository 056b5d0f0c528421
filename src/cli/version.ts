import { readFileSync } from "node:fs";

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

export function versionText(format: string): string {
  const version = packageVersion();
  if (format === "json") return `${JSON.stringify({ version, kubernetesVersions: ["1.37"], node: process.version })}\n`;
  return `orrery ${version} (Kubernetes 1.37 rules)\n`;
}
