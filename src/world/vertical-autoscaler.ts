import { VpaAdmission, VpaRecommender, VpaUpdater } from "../control/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import type { Store } from "../store/index.ts";
import type { Plan } from "./plan.ts";

/** The three programs of the vertical pod autoscaler. */
export class VerticalAutoscaler {
  readonly #recommender: VpaRecommender;
  readonly #updater: VpaUpdater;

  constructor(store: Store, metricsServer: UsageMeter) {
    this.#recommender = new VpaRecommender(store, metricsServer);
    this.#updater = new VpaUpdater(store);
    new VpaAdmission(store);
  }

  start(): void {
    this.#recommender.start();
    this.#updater.start();
  }
}

/** Whether there is, or will be, a VerticalPodAutoscaler: its programs are an add-on that is installed with them. */
export function hasVpa({ objects, actions }: Plan): boolean {
  const applied = actions.flatMap((action) => ("objects" in action ? action.objects : []));
  return [...objects, ...applied].some(({ object }) => object.kind === "VerticalPodAutoscaler");
}
