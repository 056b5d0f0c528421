import { CONDITION } from "../../../src/store/index.ts";
import { seconds } from "../../../src/units/index.ts";
import type { World } from "../../../src/world/index.ts";
import type { Recording } from "./recording.ts";

/** What the metrics API of the recordings said that its window was. */
const WINDOW = seconds(15);
const BYTES = 16 * 1024 * 1024;

/**
 * The metrics API of the recordings: it answers with the usage that a pod's annotation says, as of now. A mark gives all pods
 * that are there another usage; pods that come later have that of the template.
 */
export class MeteredPods {
  readonly #world: World;
  readonly #changes: readonly { readonly at: number; readonly cpuMilli: number }[];
  readonly #initialMilli: number;
  /** By the pod's serial number. */
  readonly #cpuMilli = new Map<number, number>();
  #done = 0;

  constructor(world: World, { marks }: Recording) {
    this.#world = world;
    this.#initialMilli = usageIn(/usage=(\d+)m/, marks[0]?.do) ?? 0;
    this.#changes = marks.flatMap(({ t, do: what }) => {
      const cpuMilli = usageIn(/usage of every pod -> (\d+)m/, what);
      return cpuMilli === null ? [] : [{ at: seconds(t), cpuMilli }];
    });
  }

  /** Writes what the API would answer now. */
  answer(): void {
    const { store, engine, metricsServer } = this.#world;
    const { pods } = store;
    const due = this.#changes[this.#done];
    const isDue = due !== undefined && due.at <= engine.now;
    if (isDue) this.#done++;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      const serial = pods.serial.get(row);
      const usage = isDue ? due.cpuMilli : (this.#cpuMilli.get(serial) ?? this.#initialMilli);
      this.#cpuMilli.set(serial, usage);
      const isReady = pods.ready.get(row) === CONDITION.true;
      metricsServer.sampleAt.set(row, isReady ? engine.now : -1);
      metricsServer.windowMicros.set(row, WINDOW);
      metricsServer.cpuMilli.set(row, usage);
      metricsServer.memoryBytes.set(row, BYTES);
    }
  }
}

function usageIn(pattern: RegExp, text = ""): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
