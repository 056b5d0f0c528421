import { expect, test } from "vitest";
import { type Distribution, drawAt, drawKeyed, keyOf, normalAt, type Stream, Streams, sample } from "./index.ts";

const fresh = (name = "test") => new Streams(7, 0).stream(name);

/** Mean and variance of n draws. */
function moments(n: number, draw: (k: number) => number) {
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < n; k++) {
    const x = draw(k);
    sum += x;
    squares += x * x;
  }
  const mean = sum / n;
  return { mean, variance: squares / n - mean * mean };
}

test("moments of the draws", () => {
  const n = 200_000;
  const check = (draw: (s: Stream) => number, mean: number, variance: number) => {
    const stream = fresh();
    const found = moments(n, () => draw(stream));
    // Five standard errors of the mean; the variance within 5 %.
    expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(0.05);
  };
  check((s) => s.uniform(), 0.5, 1 / 12);
  check((s) => s.int(6), 2.5, 35 / 12);
  check((s) => s.exponential(3), 3, 9);
  check((s) => s.normal(10, 2), 10, 4);
  const sigma = Math.log(1.5) / 1.6448536269514722;
  const lognormalMean = 2 * Math.exp(sigma ** 2 / 2);
  check((s) => s.lognormal(2, 3), lognormalMean, (Math.exp(sigma ** 2) - 1) * lognormalMean ** 2);
  check((s) => s.weibull(2, 1), Math.sqrt(Math.PI) / 2, 1 - Math.PI / 4);
  check((s) => s.pareto(9, 1), 9 / 8, 9 / (64 * 7));
  check((s) => s.poisson(4.5), 4.5, 4.5);
  check((s) => s.poisson(700), 700, 700);
  check((s) => s.empirical([1, 2, 4]), 7 / 3, 7 - 49 / 9);
  check((s) => s.empirical([1, 2, 4], [0, 3, 1]), 2.5, 0.75);
});

test("a median and a 95th percentile are what was asked for", () => {
  const stream = fresh();
  const draws = Array.from({ length: 100_001 }, () => stream.lognormal(200, 900)).sort((a, b) => a - b);
  expect((draws[50_000] as number) / 200).toBeCloseTo(1, 1);
  expect((draws[95_000] as number) / 900).toBeCloseTo(1, 1);
});

test("golden values of every draw", () => {
  const draws = (draw: (s: Stream) => number) => {
    const stream = fresh("golden");
    return [draw(stream), draw(stream), draw(stream)];
  };
  expect({
    uniform: draws((s) => s.uniform()),
    int: draws((s) => s.int(1000)),
    exponential: draws((s) => s.exponential(1)),
    normal: draws((s) => s.normal(0, 1)),
    lognormal: draws((s) => s.lognormal(1, 3)),
    weibull: draws((s) => s.weibull(1.5, 2)),
    pareto: draws((s) => s.pareto(1.2, 1)),
    poisson: draws((s) => s.poisson(20)),
    empirical: draws((s) => s.empirical([1, 2, 3], [1, 1, 2])),
    drawAt: [0, 1, 2 ** 40].map((k) => drawAt(1, 2, k)),
    normalAt: [0, 1, 2 ** 40].map((k) => normalAt(1, 2, k)),
    seedOf: [new Streams(7, 0).seedOf("a"), new Streams(7, 1).seedOf("a"), new Streams("7", 0).seedOf("a")],
  }).toMatchInlineSnapshot(`
    {
      "drawAt": [
        0.2554709035339031,
        0.13298457487348758,
        0.9389719806033502,
      ],
      "empirical": [
        3,
        3,
        2,
      ],
      "exponential": [
        1.405797992290895,
        0.6951601710220822,
        0.35228580869652776,
      ],
      "int": [
        754,
        501,
        296,
      ],
      "lognormal": [
        1.5851823027914083,
        1.0016847980916217,
        0.7003461530586571,
      ],
      "normal": [
        0.6897639111250026,
        0.0025203744795505956,
        -0.5332772033984656,
      ],
      "normalAt": [
        -0.6573719127237821,
        -1.11239314723157,
        1.5462009722500698,
      ],
      "pareto": [
        3.2268238552668502,
        1.7847888956911226,
        1.341209082150523,
      ],
      "poisson": [
        12,
        19,
        18,
      ],
      "seedOf": [
        -1834019009,
        2002786055,
        -1834019009,
      ],
      "uniform": [
        0.7548286664634872,
        0.501005482877818,
        0.2969208528770665,
      ],
      "weibull": [
        2.50983559824537,
        1.5694708356365354,
        0.9976083941384659,
      ],
    }
  `);
});

test("a stream depends on seed, run and name alone", () => {
  const draw = (seed: string | number, run: number, name: string) => new Streams(seed, run).stream(name).uniform();
  const streams = new Streams(7, 0);
  streams.stream("other").shuffle([1, 2, 3]);
  expect(streams.stream("a").uniform()).toBe(draw(7, 0, "a"));
  const all = [
    draw(7, 0, "a"),
    draw(7, 0, "b"),
    draw(7, 1, "a"),
    draw(8, 0, "a"),
    draw("ab", 0, "a"),
    draw("abab", 0, "a"),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(draw("7", 0, "a")).toBe(draw(7, 0, "a"));
});

test("states come back exactly, by name, into the streams that components hold", () => {
  const streams = new Streams(7, 0);
  const [a, b, untouched] = [streams.stream("a"), streams.stream("b"), streams.stream("c")];
  a.uniform();
  b.normal(0, 1);
  const states = JSON.parse(JSON.stringify(streams.save()));
  expect(states.map(([name]: [string]) => name)).toEqual(["a", "b"]);
  const next = [a.uniform(), b.uniform(), untouched.uniform()];
  streams.load(states);
  expect(streams.save()).toEqual(states);
  expect([a.uniform(), b.uniform(), untouched.uniform()]).toEqual(next);
  const late = new Streams(7, 0);
  late.load(states);
  expect(late.save()).toEqual(states);
  expect([late.stream("a").uniform(), late.stream("b").uniform(), late.stream("c").uniform()]).toEqual(next);
});

test("counter-based draws: moments, serial correlation, neighbours, avalanche", () => {
  const n = 200_000;
  const correlation = (x: (k: number) => number, y: (k: number) => number) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += (x(k) - 0.5) * (y(k) - 0.5);
    return (sum / n) * 12;
  };
  const at = (k: number) => drawAt(11, 5, k);
  const found = moments(n, at);
  expect(Math.abs(found.mean - 0.5)).toBeLessThan(0.003);
  expect(Math.abs(found.variance - 1 / 12)).toBeLessThan(0.001);
  const check = (x: (k: number) => number, y: (k: number) => number) =>
    expect(Math.abs(correlation(x, y))).toBeLessThan(5 / Math.sqrt(n));
  for (const lag of [1, 2, 3, 64, 4096]) check(at, (k) => drawAt(11, 5, k + lag));
  check(at, (k) => drawAt(11, 6, k));
  check(at, (k) => drawAt(12, 5, k));
  check(
    (k) => drawAt(11, k, 0),
    (k) => drawAt(11, k + 1, 0),
  );
  expect(drawKeyed(keyOf(11, 5), 77)).toBe(drawAt(11, 5, 77));
  for (let bit = 0; bit < 40; bit++) {
    let flips = 0;
    for (let k = 0; k < 2000; k++) {
      let difference =
        Math.floor(at(k) * 2 ** 32) ^ Math.floor(at(k + 2 ** bit * (Math.floor(k / 2 ** bit) % 2 ? -1 : 1)) * 2 ** 32);
      for (; difference !== 0; difference &= difference - 1) flips++;
    }
    expect(flips / 2000 / 32).toBeGreaterThan(0.47);
    expect(flips / 2000 / 32).toBeLessThan(0.53);
  }
  const normal = moments(n, (k) => normalAt(3, 4, k));
  expect(Math.abs(normal.mean)).toBeLessThan(0.012);
  expect(Math.abs(normal.variance - 1)).toBeLessThan(0.02);
});

test("counter-based draws fill 256 classes evenly", () => {
  const counts = new Array<number>(256).fill(0);
  for (let key = 0; key < 256; key++) {
    for (let k = 0; k < 1000; k++) {
      const index = Math.floor(drawAt(1, key, k) * 256);
      counts[index] = (counts[index] as number) + 1;
    }
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeGreaterThan(170); // 255 degrees of freedom: mean 255, deviation 22.6
  expect(chiSquare).toBeLessThan(350);
});

test("spans are whole microseconds, not negative", () => {
  const stream = fresh("spans");
  const distributions: Distribution[] = [
    { uniform: { min: 5, max: 9 } },
    { exponential: { mean: 1000 } },
    { normal: { mean: 1, deviation: 50 } },
    { lognormal: { median: 100, p95: 1000 } },
    { weibull: { shape: 0.5, scale: 100 } },
    { pareto: { shape: 0.05, minimum: 3 } },
    { empirical: { values: [1.5, 2.4] } },
  ];
  for (const distribution of distributions) {
    for (let i = 0; i < 500; i++) {
      const span = sample(distribution, stream);
      expect(Number.isSafeInteger(span) && span >= 0).toBe(true);
    }
  }
  const before = stream.save();
  expect(sample({ constant: 1.5 }, stream)).toBe(2);
  expect(sample({ constant: -3 }, stream)).toBe(0);
  expect(stream.save()).toEqual(before);
});

test("shuffles are permutations, and every order comes up", () => {
  const stream = fresh("orders");
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = stream.shuffle([0, 1, 2]).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect([...orders.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
  for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect(() => stream.pick([])).toThrow("nothing to pick from");
});
