import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CellRegistry } from "../tables/index.ts";
import { Housekeeping } from "./housekeeping.ts";
import { UsageMeter } from "./usage-meter.ts";

const SECOND = 1_000_000;

describe("UsageMeter", () => {
  it("integrates a rate between its changes", () => {
    const meter = new UsageMeter(new CellRegistry());
    meter.start(3, 0);
    meter.set(3, 100, 1000, 0);
    meter.set(3, 300, 2000, 10 * SECOND);
    const at = meter.seenAt(3, 15 * SECOND);
    expect(meter.counterAt(3, at)).toBe(100 * 10 * SECOND + 300 * 5 * SECOND);
    expect(meter.bytesAt(3, at)).toBe(2000);
    meter.stop(3);
    expect(meter.cpuMilli.get(3)).toBe(0);
  });

  it("shows at any time what a look by events would have seen", () => {
    const change = fc.record({ after: fc.nat(9_000_000), cpu: fc.nat(500), bytes: fc.nat(5000) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.nat(9_000_000), fc.nat(50), (changes, tail, row) => {
        const options = { periodMicros: 10 * SECOND, jitter: 1, hasRandomPhase: true };
        const housekeeping = new Housekeeping(9, options);
        const meter = new UsageMeter(new CellRegistry(), housekeeping);
        meter.start(row, 500);
        const timeline: { at: number; cpu: number; bytes: number }[] = [{ at: 500, cpu: 0, bytes: 0 }];
        let now = 500;
        const compare = () => {
          let look = 0;
          while (housekeeping.lookAt(row, 500, look + 1) <= now) look++;
          const at = housekeeping.lookAt(row, 500, look);
          let counter = 0;
          let bytes = 0;
          for (const [i, step] of timeline.entries()) {
            if (step.at > at) break;
            counter += step.cpu * (Math.min(timeline[i + 1]?.at ?? at, at) - step.at);
            // At the instant of a change itself either level is right.
            bytes = step.bytes;
          }
          expect(meter.seenAt(row, now)).toBe(at);
          expect(meter.counterAt(row, at)).toBe(counter);
          if (timeline.every((step) => step.at !== at)) expect(meter.bytesAt(row, at)).toBe(bytes);
        };
        for (const { after, cpu, bytes } of changes) {
          now += after;
          compare();
          meter.set(row, cpu, bytes, now);
          timeline.push({ at: now, cpu, bytes });
          compare();
        }
        now += tail;
        compare();
      }),
    );
  });
});
