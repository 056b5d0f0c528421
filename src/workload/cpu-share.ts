import type { QosClass } from "../kube/index.ts";

/** Somebody who wants CPU of a cgroup: how much, and the weight that counts once there is not enough for all. */
export interface CpuClaim {
  /** Above zero. */
  readonly weight: number;
  /** What it would use, its limit applied. */
  readonly wantedMilli: number;
}

/** A running pod as the node's cgroups have it. */
export interface PodClaim {
  readonly qos: QosClass;
  /** Its CPU requests. */
  readonly requestMilli: number;
  readonly wantedMilli: number;
}

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const SHARES_PER_CPU = 1024;
const MAX_WEIGHT = 10_000;

/**
 * What each of several claims gets of a CPU capacity: all that is wanted where that is enough; else as the kernel's scheduler
 * shares by weight, nobody more than wanted, and what one leaves is for the others.
 *
 * ```ts
 * sharesOf(1000, [{ weight: 1, wantedMilli: 200 }, { weight: 1, wantedMilli: 900 }]); // [200, 800]
 * ```
 */
export function sharesOf(capacityMilli: number, claims: readonly CpuClaim[]): number[] {
  const given = claims.map(({ wantedMilli }) => wantedMilli);
  if (sumOf(given) <= capacityMilli) return given;
  const byNeed = [...claims.keys()].sort((a, b) => needOf(claims[a]) - needOf(claims[b]) || a - b);
  let capacity = capacityMilli;
  let weight = claims.reduce((sum, claim) => sum + claim.weight, 0);
  for (const index of byNeed) {
    const claim = claims[index] as CpuClaim;
    // Whoever wants no more than its share has it; once one wants more, all that follow do too.
    const share = Math.min(claim.wantedMilli, (capacity * claim.weight) / weight);
    given[index] = share;
    capacity = Math.max(0, capacity - share);
    weight -= claim.weight;
  }
  return given;
}

/**
 * What the pods of a node get of its CPU, cgroup by cgroup: pods of class Guaranteed stand beside the group of all Burstable pods,
 * which weighs what they request together, and that of all BestEffort pods, which weighs next to nothing.
 * @source kubernetes 1.37 pkg/kubelet/cm qos_container_manager_linux.go setCPUCgroupConfig, helpers_linux.go ResourceConfigForPod
 */
export function podShares(capacityMilli: number, pods: readonly PodClaim[]): number[] {
  const given = pods.map(({ wantedMilli }) => wantedMilli);
  if (sumOf(given) <= capacityMilli) return given;
  const of = (qos: QosClass): number[] => [...pods.keys()].filter((index) => pods[index]?.qos === qos);
  const claimOf = (index: number): CpuClaim => {
    const { requestMilli, wantedMilli } = pods[index] as PodClaim;
    return { weight: cpuWeight(requestMilli), wantedMilli };
  };
  const requestOf = (members: readonly number[]): number =>
    sumOf(members.map((index) => (pods[index] as PodClaim).requestMilli));
  const groups: { readonly members: readonly number[]; readonly weight: number }[] = [
    ...of("Guaranteed").map((index) => ({ members: [index], weight: claimOf(index).weight })),
    { members: of("Burstable"), weight: cpuWeight(requestOf(of("Burstable"))) },
    { members: of("BestEffort"), weight: cpuWeight(0) },
  ];
  const wanted = groups.map(({ members, weight }) => ({
    weight,
    wantedMilli: sumOf(members.map((index) => (pods[index] as PodClaim).wantedMilli)),
  }));
  const parts = sharesOf(capacityMilli, wanted);
  for (const [group, { members }] of groups.entries()) {
    const within = sharesOf(parts[group] ?? 0, members.map(claimOf));
    for (const [position, index] of members.entries()) given[index] = within[position] ?? 0;
  }
  return given;
}

/** The cgroup weight, 1 to 10,000, of so much requested CPU. @source kubernetes 1.37 pkg/kubelet/cm MilliCPUToShares, getCPUWeight */
export function cpuWeight(requestMilli: number): number {
  const shares = Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((requestMilli * SHARES_PER_CPU) / 1000)));
  return 1 + Math.floor(((shares - MIN_SHARES) * (MAX_WEIGHT - 1)) / (MAX_SHARES - MIN_SHARES));
}

/** How little of its weight a claim wants. */
function needOf(claim: CpuClaim | undefined): number {
  return claim === undefined ? 0 : claim.wantedMilli / claim.weight;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
