import { expect, test } from "vitest";
import { RisingNumbers } from "./rising-numbers.ts";

test("knows what came, in whatever gaps, once each", () => {
  const numbers = new RisingNumbers(1000);
  for (let n = 0; n < 300; n++) {
    numbers.add(n * 3);
    numbers.add(n * 3);
  }
  numbers.add(5);
  expect(numbers.all()).toEqual(Float64Array.from({ length: 300 }, (_, n) => n * 3));
  for (let n = -2; n < 910; n++) expect(numbers.has(n)).toBe(n >= 0 && n < 900 && n % 3 === 0);
});

test("forgets the older half when there are too many", () => {
  const numbers = new RisingNumbers(100);
  for (let n = 1; n <= 101; n++) numbers.add(n);
  expect(numbers.all()).toEqual(Float64Array.from({ length: 51 }, (_, n) => n + 51));
  expect([numbers.has(50), numbers.has(51), numbers.has(101)]).toEqual([false, true, true]);
});

test("goes on from a copy", () => {
  const numbers = new RisingNumbers(4);
  numbers.replace(Float64Array.of(2, 5));
  const other = new RisingNumbers(4);
  other.replace(numbers.all());
  other.add(7);
  expect(other.all()).toEqual(Float64Array.of(2, 5, 7));
  expect(numbers.has(7)).toBe(false);
});
