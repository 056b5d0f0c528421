/** What differs from run to run, and what to use instead. */
const BANNED: readonly (readonly [owner: object, key: string, instead: string])[] = [
  [Math, "random", "cycle.draw(text) follows from the seed of the run"],
  [globalThis, "Date", "cycle.nowMicros is the simulated time"],
  [globalThis.performance, "now", "cycle.nowMicros is the simulated time"],
  [globalThis, "setTimeout", "a plugin answers at once"],
  [globalThis, "setInterval", "a plugin answers at once"],
  [globalThis, "setImmediate", "a plugin answers at once"],
  [globalThis, "queueMicrotask", "a plugin answers at once"],
  [globalThis, "fetch", "read data into a module of its own, and import that"],
];

let depth = 0;

/**
 * Runs `work` with everything away that differs from run to run: clocks, chance and timers throw, and say what to use
 * instead. `work` must not await.
 */
export function guarded<T>(work: () => T): T {
  if (depth > 0) return work();
  const kept = BANNED.map(([owner, key]) => Object.getOwnPropertyDescriptor(owner, key));
  depth++;
  try {
    for (const [owner, key, instead] of BANNED) {
      Object.defineProperty(owner, key, { configurable: true, writable: true, value: stub(owner, key, instead) });
    }
    return work();
  } finally {
    for (const [index, [owner, key]] of BANNED.entries()) {
      const before = kept[index];
      if (before === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, before);
    }
    depth--;
  }
}

function stub(owner: object, key: string, instead: string): unknown {
  const name = owner === Math ? `Math.${key}` : owner === globalThis ? key : `performance.${key}`;
  function fail(): never {
    throw new Error(`${name} is not to be had in a simulation: ${instead}`);
  }
  // Called, made with `new`, or asked for a member such as `now`.
  return new Proxy(fail, {
    construct: fail,
    get: (target, member) => (member === "prototype" ? target.prototype : fail()),
  });
}
