import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CellRegistry } from "../tables/index.ts";
import { Housekeeping, NO_HOUSEKEEPING } from "./housekeeping.ts";
import { UsageRecords } from "./usage-records.ts";

const SECOND = 1_000_000;

describe("UsageRecords", () => {
  it("integrates a rate between its changes", () => {
    const records = new UsageRecords(new CellRegistry(), new Housekeeping(0, NO_HOUSEKEEPING));
    records.start(records.allocate(2) + 3, 0, 0);
    records.change(3, 100, 1000, 0);
    records.change(3, 300, 2000, 10 * SECOND);
    const at = records.seenAt(3, 15 * SECOND);
    expect(at).toBe(15 * SECOND);
    expect(records.counterAt(3, at)).toBe(100 * 10 * SECOND + 300 * 5 * SECOND);
    expect(records.bytesAt(3, at)).toBe(2000);
  });

  it("shows the mean between the last two looks that differ, rounded up to milli-CPU", () => {
    const records = new UsageRecords(new CellRegistry(), new Housekeeping(0, NO_HOUSEKEEPING));
    const slot = records.allocate(0);
    records.forget(slot);
    records.start(slot, 0, 0);
    records.change(0, 100, 1000, 0);
    records.scrape(0, 15 * SECOND);
    expect(records.shownMilli(0)).toBeNaN();
    records.change(0, 100.5, 1000, 20 * SECOND);
    records.scrape(0, 30 * SECOND);
    // 5 s of 100m and 10 s of 100.5m are 100.333…m.
    expect(records.shownMilli(0)).toBe(101);
    records.forget(0);
    expect(records.shownMilli(0)).toBeNaN();
  });

  it("knows at any time what a look by events would have seen", () => {
    const change = fc.record({ after: fc.nat(9_000_000), cpu: fc.nat(500), bytes: fc.nat(5000) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.nat(9_000_000), fc.nat(50), (changes, tail, row) => {
        const options = { periodMicros: 10 * SECOND, jitter: 1, hasRandomPhase: true };
        const housekeeping = new Housekeeping(9, options);
        const records = new UsageRecords(new CellRegistry(), housekeeping);
        records.allocate(6);
        records.start(row, 500, housekeeping.keyOf(row));
        const timeline: { at: number; cpu: number; bytes: number }[] = [{ at: 500, cpu: 0, bytes: 0 }];
        let now = 500;
        const compare = () => {
          const at = housekeeping.lastLookAt(housekeeping.keyOf(row), 500, now);
          let counter = 0;
          let bytes = 0;
          for (const [i, step] of timeline.entries()) {
            if (step.at > at) break;
            counter += step.cpu * (Math.min(timeline[i + 1]?.at ?? at, at) - step.at);
            // At the instant of a change itself either level is right.
            bytes = step.bytes;
          }
          expect(records.seenAt(row, now)).toBe(at);
          expect(records.counterAt(row, at)).toBe(counter);
          if (timeline.every((step) => step.at !== at)) expect(records.bytesAt(row, at)).toBe(bytes);
        };
        for (const { after, cpu, bytes } of changes) {
          now += after;
          compare();
          records.change(row, cpu, bytes, now);
          timeline.push({ at: now, cpu, bytes });
          compare();
        }
        now += tail;
        compare();
      }),
    );
  });
});
