/** The three workloads in this project's engine, whole: door checks, dispatch, causes, digest, journal. Prints a `Timed` as JSON. */
import { Chains, Engine } from "../../src/engine/index.ts";
import { beatOf, delays, nextTimer, rearmDelay, SIZES, type Timed, timed } from "./workloads.ts";

const FAR = 2 ** 50;

const PLAYS: Readonly<Record<string, () => Timed>> = {
  hold: () => {
    const { pending, operations } = SIZES.hold;
    const table = delays();
    const engine = new Engine({ seed: 1 });
    let drawn = 0;
    const hold = engine.define("hold", 2, (subject) => {
      engine.after(table[drawn++ & 0xffff] as number, hold, subject);
    });
    for (let subject = 0; subject < pending; subject++) engine.after(table[drawn++ & 0xffff] as number, hold, subject);
    return timed(() => {
      engine.runSlice(FAR, operations);
      return { operations: engine.eventCount, endMicros: engine.now };
    });
  },
  beats: () => {
    const { nodes, pods, untilMicros } = SIZES.beats;
    const engine = new Engine({ seed: 1 });
    const beat = engine.define("beat", 2, (index) => {
      engine.after(beatOf(index)[1], beat, index);
    });
    for (let index = 0; index < nodes + pods; index++) engine.at(beatOf(index)[0], beat, index);
    return timed(() => {
      engine.run(untilMicros);
      return { operations: engine.eventCount, endMicros: engine.now };
    });
  },
  // As a world plays them: no event, walked when asked.
  "beats as chains": () => {
    const { nodes, pods, untilMicros } = SIZES.beats;
    const engine = new Engine({ seed: 1 });
    const chains = new Chains(engine, "beats");
    for (let index = 0; index < nodes + pods; index++) {
      const [first, periodMicros] = beatOf(index);
      chains.start(index, first, { periodMicros, jitter: 0, key: index });
    }
    engine.run(untilMicros);
    return timed(() => {
      let operations = 0;
      for (let index = 0; index < nodes + pods; index++) {
        chains.lastTickAt(index);
        operations += chains.tickCount(index);
      }
      return { operations, endMicros: engine.now };
    });
  },
  rearm: () => {
    const { timers, operations, batch, everyMicros } = SIZES.rearm;
    const engine = new Engine({ seed: 1 });
    const expire = engine.define("expire", 2, () => undefined);
    const refs = new Float64Array(timers);
    let next = 0;
    const rearm = engine.define("rearm", 1, () => {
      for (let i = 0; i < batch; i++) {
        next = nextTimer(next);
        engine.cancel(refs[next] as number);
        refs[next] = engine.after(rearmDelay(next), expire, next);
      }
      engine.after(everyMicros, rearm);
    });
    for (let timer = 0; timer < timers; timer++) refs[timer] = engine.after(rearmDelay(timer), expire, timer);
    engine.after(0, rearm);
    return timed(() => {
      engine.runSlice(FAR, operations / batch);
      return { operations, endMicros: engine.now };
    });
  },
};

const play = PLAYS[process.argv[2] ?? ""];
if (play === undefined) throw new Error(`workload: one of ${Object.keys(PLAYS).join(", ")}`);
process.stdout.write(JSON.stringify(play()));
