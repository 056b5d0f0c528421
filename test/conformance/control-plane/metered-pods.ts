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
    Object.assign(world.meter, this.#answersOf(world));
    this.#initialMilli = usageIn(/usage=(\d+)m/, marks[0]?.do) ?? 0;
    this.#changes = marks.flatMap(({ t, do: what }) => {
      const cpuMilli = usageIn(/usage of every pod -> (\d+)m/, what);
      return cpuMilli === null ? [] : [{ at: seconds(t), cpuMilli }];
    });
  }

  /** Reads what the pods' annotations say now. */
  answer(): void {
    const { store, engine } = this.#world;
    const { pods } = store;
    const due = this.#changes[this.#done];
    const isDue = due !== undefined && due.at <= engine.now;
    if (isDue) this.#done++;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      const serial = pods.serial.get(row);
      this.#cpuMilli.set(serial, isDue ? due.cpuMilli : (this.#cpuMilli.get(serial) ?? this.#initialMilli));
    }
  }

  /** What a pod's annotation says takes the place of what the world's own pods use. */
  #answersOf({ store: { pods }, engine }: World): Partial<World["meter"]> {
    return {
      shownAt: (row) => (pods.ready.get(row) === CONDITION.true ? engine.now : -1),
      shownWindow: () => WINDOW,
      shownMilli: (row) => this.#cpuMilli.get(pods.serial.get(row)) ?? this.#initialMilli,
      shownBytes: () => BYTES,
      addShown: () => undefined,
    };
  }
}

function usageIn(pattern: RegExp, text = ""): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
