import { type Code, messageOf, type Status, unresolvable } from "./status.ts";

/** Why nodes were rejected in one attempt: which status each node got, kept as small numbers. */
export class Diagnosis {
  /** All nodes of the cluster, looked at or not. */
  readonly nodeCount: number;
  /** Set when a preFilter plugin rejected the pod as a whole. */
  preFilterStatus: Status | undefined;
  /** What nodes count as that were not among those that the preFilter plugins left. */
  absentStatus: Status | undefined;
  /** What postFilter adds to the message. */
  postFilterMessage = "";
  /** Plugins that rejected a node or restricted the nodes. */
  readonly plugins = new Set<string>();
  /** Distinct statuses; a node's number points here. */
  readonly statuses: Status[] = [];
  readonly nodesPerStatus: number[] = [];
  /** By position in the search order: 1 + the number of the status; 0 when the node was not rejected. */
  #statusOf: Uint16Array | undefined;
  /** Positions of the rejected nodes, in the order in which they were looked at. */
  readonly failed: number[] = [];
  #numbers = new Map<Status, number>();
  /** The status noted last: neighbours tend to fail alike. */
  #last: Status | undefined;
  #lastNumber = 0;

  constructor(nodeCount: number) {
    this.nodeCount = nodeCount;
  }

  /** Notes a rejected node by its position in the search order. */
  reject(position: number, status: Status): void {
    const number = status === this.#last ? this.#lastNumber : this.#numberOf(status);
    this.#statusOf ??= new Uint16Array(this.nodeCount);
    this.#statusOf[position] = number + 1;
    this.nodesPerStatus[number]! += 1;
    this.failed.push(position);
  }

  #numberOf(status: Status): number {
    let number = this.#numbers.get(status);
    if (number === undefined) {
      number = this.statuses.push(status) - 1;
      this.nodesPerStatus.push(0);
      this.#numbers.set(status, number);
      this.plugins.add(status.plugin);
    }
    this.#last = status;
    this.#lastNumber = number;
    return number;
  }

  /** How many nodes have a status of the code. */
  countOf(code: Code): number {
    let count = (this.absentStatus ?? NOT_EVALUATED).code === code ? this.nodeCount - this.failed.length : 0;
    for (const [number, status] of this.statuses.entries()) {
      if (status.code === code) count += this.nodesPerStatus[number] as number;
    }
    return count;
  }

  /** The status of a node that was rejected or never looked at. */
  statusAt(position: number): Status {
    const number = this.#statusOf?.[position] ?? 0;
    return number === 0 ? (this.absentStatus ?? NOT_EVALUATED) : (this.statuses[number - 1] as Status);
  }

  /** Nodes by reason; a node counts once for each of its reasons. */
  reasonCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    const count = (status: Status, nodes: number) => {
      for (const reason of status.reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
    };
    for (const [number, status] of this.statuses.entries()) count(status, this.nodesPerStatus[number] as number);
    const absent = this.nodeCount - this.failed.length;
    if (this.absentStatus !== undefined && absent > 0) count(this.absentStatus, absent);
    return counts;
  }

  /** Rejected nodes by plugin. */
  pluginCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [number, status] of this.statuses.entries()) {
      counts[status.plugin] = (counts[status.plugin] ?? 0) + (this.nodesPerStatus[number] as number);
    }
    return counts;
  }

  /**
   * The text of the FailedScheduling event and of the PodScheduled condition.
   * @source kubernetes 1.37 scheduler framework FitError.Error
   */
  message(): string {
    const text =
      this.preFilterStatus !== undefined ? ` ${messageOf(this.preFilterStatus)}.` : histogramText(this.reasonCounts());
    const more = this.postFilterMessage === "" ? "" : ` ${this.postFilterMessage}`;
    return `${refusalText(this.nodeCount, text)}${more}`;
  }
}

/** @param reasons as `histogramText` gives them */
export function refusalText(nodeCount: number, reasons: string): string {
  return `0/${nodeCount} nodes are available:${reasons}`;
}

const NOT_EVALUATED: Status = unresolvable("");

/** " 10 a, 2 b." with the entries sorted as strings; empty for no entries. */
export function histogramText(counts: ReadonlyMap<string, number>): string {
  const lines = [...counts].map(([reason, count]) => `${count} ${reason}`);
  return lines.length === 0 ? "" : ` ${lines.sort().join(", ")}.`;
}
