import type { PodInfo } from "./pod-info.ts";

/** Pods that were promised a node by preemption, by node, in order of nomination. */
export class NominatedPods {
  #byNode = new Map<string, Map<string, PodInfo>>();
  #nodeOf = new Map<string, string>();

  /** Nominates the pod to the node; takes back an earlier nomination of it. */
  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid);
    if (nodeName === "") return;
    this.#nodeOf.set(pod.uid, nodeName);
    const pods = this.#byNode.get(nodeName);
    if (pods === undefined) this.#byNode.set(nodeName, new Map([[pod.uid, pod]]));
    else pods.set(pod.uid, pod);
  }

  /** A new version of the pod; an update that says nothing of a node before and after keeps what is in memory. */
  update(before: PodInfo, after: PodInfo): void {
    const kept = before.nominatedNodeName === "" && after.nominatedNodeName === "";
    this.set(after, kept ? this.nodeOf(after.uid) : after.nominatedNodeName);
  }

  delete(uid: string): void {
    if (this.#nodeOf.size === 0) return;
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(nodeName);
  }

  nodeOf(uid: string): string {
    return this.#nodeOf.get(uid) ?? "";
  }

  get isEmpty(): boolean {
    return this.#byNode.size === 0;
  }

  nodeNames(): IterableIterator<string> {
    return this.#byNode.keys();
  }

  isAnyOn(nodeName: string): boolean {
    return this.#byNode.size > 0 && this.#byNode.has(nodeName);
  }

  on(nodeName: string): IterableIterator<PodInfo> | readonly PodInfo[] {
    return this.#byNode.get(nodeName)?.values() ?? NONE;
  }

  save(): readonly (readonly [uid: string, nodeName: string])[] {
    return [...this.#byNode].flatMap(([nodeName, pods]) => [...pods.keys()].map((uid) => [uid, nodeName] as const));
  }

  /** `podOf` gives the pods of the saved uids. */
  load(state: ReturnType<NominatedPods["save"]>, podOf: (uid: string) => PodInfo | undefined): void {
    this.#byNode.clear();
    this.#nodeOf.clear();
    for (const [uid, nodeName] of state) {
      const pod = podOf(uid);
      if (pod !== undefined) this.set(pod, nodeName);
    }
  }
}

const NONE: readonly PodInfo[] = [];
