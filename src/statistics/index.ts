/** The face of the room `statistics`: estimates with intervals, and paired comparisons. Pure, and the same bits everywhere. */
export { CONFIDENCE, type Estimate, estimate } from "./interval.ts";
export { type Direction, type PairedDifference, pairedDifference, type Verdict } from "./paired.ts";
export { median, outlierCount, type Ratio, ratioOfMedians } from "./ratio.ts";
export { studentQuantile } from "./student.ts";
