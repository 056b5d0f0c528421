/**
 * The three workloads on bare priority queues of npm, without dispatch. They cannot cancel: a timer that was set anew leaves its old
 * entry behind, which is skipped when it comes up. Words: workload, package, folder with node_modules. Prints a `Timed` as JSON.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beatOf, delays, nextTimer, rearmDelay, SIZES, type Timed, timed } from "./workloads.ts";

/** The least of a queue of (time, subject). */
interface Queue {
  push(subject: number, time: number): void;
  peekTime(): number;
  /** Subject of the earliest. */
  pop(): number;
}

const [workload = "", name = "", folder = ""] = process.argv.slice(2);
const path = createRequire(join(folder, "index.js")).resolve(name);
const { default: Made } = (await import(pathToFileURL(path).href)) as { default: new (...words: unknown[]) => unknown };
const queue = name === "flatqueue" ? flat(new Made() as FlatQueue) : tiny(new Made([], byTime) as TinyQueue);

interface FlatQueue {
  push(item: number, priority: number): void;
  peekValue(): number;
  pop(): number;
}

function flat(made: FlatQueue): Queue {
  return {
    push: (subject, time) => made.push(subject, time),
    peekTime: () => made.peekValue(),
    pop: () => made.pop(),
  };
}

interface Item {
  readonly time: number;
  readonly subject: number;
}

interface TinyQueue {
  push(item: Item): void;
  peek(): Item;
  pop(): Item;
}

function byTime(left: Item, right: Item): number {
  return left.time - right.time;
}

function tiny(made: TinyQueue): Queue {
  return {
    push: (subject, time) => made.push({ time, subject }),
    peekTime: () => made.peek().time,
    pop: () => made.pop().subject,
  };
}

function hold(): Timed {
  const { pending, operations } = SIZES.hold;
  const table = delays();
  let drawn = 0;
  for (let subject = 0; subject < pending; subject++) queue.push(subject, table[drawn++ & 0xffff] as number);
  return timed(() => {
    let now = 0;
    for (let i = 0; i < operations; i++) {
      now = queue.peekTime();
      queue.push(queue.pop(), now + (table[drawn++ & 0xffff] as number));
    }
    return { operations, endMicros: now };
  });
}

function beats(): Timed {
  const { nodes, pods, untilMicros } = SIZES.beats;
  for (let index = 0; index < nodes + pods; index++) queue.push(index, beatOf(index)[0]);
  return timed(() => {
    let operations = 0;
    for (let now = queue.peekTime(); now <= untilMicros; now = queue.peekTime()) {
      const index = queue.pop();
      queue.push(index, now + beatOf(index)[1]);
      operations++;
    }
    return { operations, endMicros: untilMicros };
  });
}

function rearm(): Timed {
  const { timers, operations, batch, everyMicros } = SIZES.rearm;
  const dueAt = new Float64Array(timers);
  const set = (timer: number, time: number): void => {
    dueAt[timer] = time;
    queue.push(timer, time);
  };
  for (let timer = 0; timer < timers; timer++) set(timer, rearmDelay(timer));
  return timed(() => {
    let [next, now] = [0, 0];
    for (let round = 0; round < operations / batch; round++) {
      now = round * everyMicros;
      while (queue.peekTime() <= now) queue.pop();
      for (let i = 0; i < batch; i++) {
        next = nextTimer(next);
        set(next, now + rearmDelay(next));
      }
    }
    return { operations, endMicros: now };
  });
}

const play = { hold, beats, rearm }[workload];
if (play === undefined) throw new Error(`no workload ${workload}`);
process.stdout.write(JSON.stringify(play()));
