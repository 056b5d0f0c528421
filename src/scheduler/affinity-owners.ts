import { Counter } from "./pod-counters.ts";
import type { TemplateInfo } from "./pod-info.ts";

/** A template with pod (anti-)affinity of its own, and its pods by node row. */
export interface AffinityOwner {
  readonly template: TemplateInfo;
  readonly counter: Counter;
  pods: number;
}

/** Dropping owners one by one would make everybody look at all of them again. */
const MOST_EMPTY = 64;

/** All templates with pod (anti-)affinity that have or had pods on nodes. Those without pods go now and then. */
export class AffinityOwners {
  /** Only ever appended to, as long as `epoch` stays the same. */
  list: AffinityOwner[] = [];
  epoch = 0;
  readonly #byTemplate = new Map<TemplateInfo, AffinityOwner>();
  #empty = 0;

  change(template: TemplateInfo, row: number, by: 1 | -1): void {
    let owner = this.#byTemplate.get(template);
    if (owner === undefined) {
      owner = { template, counter: new Counter(true), pods: 0 };
      this.#byTemplate.set(template, owner);
      this.list.push(owner);
      this.#empty++;
    }
    if (owner.pods === 0) this.#empty--;
    owner.pods += by;
    owner.counter.change(row, by);
    if (owner.pods > 0) return;
    this.#empty++;
    if (this.#empty > Math.max(MOST_EMPTY, this.list.length / 2)) this.#drop();
  }

  #drop(): void {
    for (const { template, pods } of this.list) if (pods === 0) this.#byTemplate.delete(template);
    this.list = this.list.filter(({ pods }) => pods > 0);
    this.#empty = 0;
    this.epoch++;
  }
}
