import { describe, expect, it } from "vitest";
import {
  addInt64,
  divideInt64,
  floatToInt32,
  floatToInt64,
  MAX_INT64,
  type Milli,
  multiplyInt64,
  percentInt32,
} from "./int64.ts";

describe("64-bit integers", () => {
  const check = (title: string, actual: Milli, expected: Milli) => it(title, () => expect(actual).toBe(expected));

  check("adds numbers as numbers", addInt64(2, 3), 5);
  check("adds beyond 2^53 exactly", addInt64(Number.MAX_SAFE_INTEGER, 2), 9007199254740993n);
  check("comes back to numbers", addInt64(9007199254740993n, -3), 9007199254740990);
  check("wraps at 2^63", addInt64(MAX_INT64, 1), -9223372036854775808n);
  check("multiplies beyond 2^53 exactly", multiplyInt64(9007199254740991, 3), 27021597764222973n);
  check("divides toward zero", divideInt64(-7, 2), -3);
  check("divides large values", divideInt64(27021597764222973n, 3), 9007199254740991);
  check("takes percents of small values", percentInt32(433, 700), 61);
  check("takes percents of large values", percentInt32(6_871_947_673_600_000, 13_743_895_347_200_000n), 50);
  check("wraps a percentage at 32 bits", percentInt32(30_000_000, 1), -1294967296);
  check("turns a double into an int64", floatToInt64(-0.5 * 4), -2);
  check("gives the lowest int64 for infinity", floatToInt64(Number.POSITIVE_INFINITY), -9223372036854775808n);
  check("gives the lowest int64 for no number", floatToInt64(Number.NaN), -9223372036854775808n);
  check("keeps a large double", floatToInt64(4294967296 * 4294967296 * 0.25), 4611686018427387904n);
  check("truncates to an int32", floatToInt32(7.9), 7);
  check("gives the lowest int32 beyond the range", floatToInt32(3e9), -2147483648);
  check("has no negative zero", Object.is(floatToInt32(-0.2), 0) ? 1 : 0, 1);
});
