/** The three workloads in simjs, with its entities and timers. Words: workload, folder with node_modules. Prints a `Timed` as JSON. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { beatOf, delays, nextTimer, rearmDelay, SIZES, type Timed, timed } from "./workloads.ts";

interface Request {
  done(callback: () => void): Request;
  cancel(): void;
}

interface Simulation {
  time(): number;
  addEntity(entity: new (...words: never[]) => object): void;
  simulate(end: number, maxEvents?: number): boolean;
}

interface SimJs {
  readonly Sim: new () => Simulation;
  readonly Entity: new (simulation: Simulation) => { setTimer(delay: number): Request; time(): number };
}

const [workload = "", folder = ""] = process.argv.slice(2);
// The package is made for browsers: it exports nothing, and puts its classes into a window.
const browser = globalThis as { window?: { Sim?: SimJs } };
browser.window = {};
createRequire(join(folder, "index.js"))("simjs");
if (browser.window.Sim === undefined) throw new Error("simjs has not put itself into the window");
const { Sim, Entity } = browser.window.Sim;
const FAR = 2 ** 50;

/** Timers of one entity, which begin when the simulation does. */
function simulationOf(begin: (set: (delay: number, callback: () => void) => Request) => void): Simulation {
  const simulation = new Sim();
  class Timers extends Entity {
    start(): void {
      begin((delay, callback) => this.setTimer(delay).done(callback));
    }
  }
  simulation.addEntity(Timers as unknown as new () => object);
  return simulation;
}

function hold(): Timed {
  const { pending, operations } = SIZES.hold;
  const table = delays();
  let drawn = 0;
  const simulation = simulationOf((set) => {
    const again = (): void => void set(table[drawn++ & 0xffff] as number, again);
    for (let subject = 0; subject < pending; subject++) again();
  });
  return timed(() => {
    simulation.simulate(FAR, operations);
    return { operations: drawn - pending, endMicros: simulation.time() };
  });
}

function beats(): Timed {
  const { nodes, pods, untilMicros } = SIZES.beats;
  let operations = 0;
  const simulation = simulationOf((set) => {
    for (let index = 0; index < nodes + pods; index++) {
      const [first, period] = beatOf(index);
      const beat = (): void => {
        operations++;
        set(period, beat);
      };
      set(first, beat);
    }
  });
  return timed(() => {
    simulation.simulate(untilMicros);
    return { operations, endMicros: untilMicros };
  });
}

function rearm(): Timed {
  const { timers, operations, batch, everyMicros } = SIZES.rearm;
  const requests: Request[] = [];
  let [next, rounds] = [0, 0];
  const simulation = simulationOf((set) => {
    const expire = (): void => undefined;
    for (let timer = 0; timer < timers; timer++) requests[timer] = set(rearmDelay(timer), expire);
    const again = (): void => {
      for (let i = 0; i < batch; i++) {
        next = nextTimer(next);
        requests[next]?.cancel();
        requests[next] = set(rearmDelay(next), expire);
      }
      rounds++;
      if (rounds < operations / batch) set(everyMicros, again);
    };
    set(0, again);
  });
  return timed(() => {
    simulation.simulate((operations / batch - 1) * everyMicros);
    return { operations: rounds * batch, endMicros: (rounds - 1) * everyMicros };
  });
}

const play = { hold, beats, rearm }[workload];
if (play === undefined) throw new Error(`no workload ${workload}`);
process.stdout.write(JSON.stringify(play()));
