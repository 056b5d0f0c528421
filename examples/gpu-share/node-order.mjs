/** Each half of the order of the nodes has so many values, which is as many as there are scores. */
const STEPS = 101;

/**
 * An order of the nodes that is drawn for the run and holds for all of it, as two scores: `coarse` counts 101 times as much
 * as `fine`.
 * @param {string} name of the node
 * @param {(text: string) => number} draw
 */
export function orderOf(name, draw) {
  const place = Math.floor(draw(`node ${name}`) * STEPS * STEPS);
  return { coarse: Math.floor(place / STEPS), fine: place % STEPS };
}
