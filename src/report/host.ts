import { cpus, totalmem } from "node:os";

/** Facts of this machine and hour, for host.json alone. */
export function hostFacts(
  startedAt: Date,
  wallSeconds: number,
  events: number,
): { readonly [key: string]: string | number } {
  return {
    schema: "kube-orrery/host.v1",
    startedAt: startedAt.toISOString(),
    wallSeconds,
    eventsPerSecond: wallSeconds > 0 ? Math.round(events / wallSeconds) : 0,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cpuCount: cpus().length,
    memoryBytes: totalmem(),
  };
}
