import { describe, expect, test } from "vitest";
import { parseRfc3339 } from "../../units/index.ts";
import { cronJobOf, JobFixture } from "../job-fixture.ts";

/** Jobs are named after the minute of their schedule. */
const created = (fixture: JobFixture): string[] =>
  fixture.events.filter((event) => event.includes("SuccessfulCreate Created job"));

test("a Job for each scheduled minute, a tenth of a second later", () => {
  const fixture = new JobFixture(5);
  fixture.create(cronJobOf("*/2 * * * *"));
  fixture.run(300);
  expect(created(fixture)).toEqual([
    "120.1 SuccessfulCreate Created job tick-2",
    "240.1 SuccessfulCreate Created job tick-4",
  ]);
  const annotations = fixture.job("tick-4")?.metadata.annotations;
  expect(annotations).toEqual({ "batch.kubernetes.io/cronjob-scheduled-timestamp": "1970-01-01T00:04:00Z" });
  expect(fixture.cronJob()?.status).toEqual({
    lastScheduleTime: "1970-01-01T00:04:00Z",
    lastSuccessfulTime: "1970-01-01T00:04:06Z",
  });
});

test("days and hours are those of the run's calendar, in UTC", () => {
  const fixture = new JobFixture(5, undefined, parseRfc3339("2026-02-28T22:30:00Z"));
  fixture.create(cronJobOf("15 0 1 * *"));
  fixture.run(2 * 3600);
  expect(fixture.cronJob()?.status?.lastScheduleTime).toBe("2026-03-01T00:15:00Z");
});

describe("runs that overlap", () => {
  const overlapping = (concurrencyPolicy: string): JobFixture => {
    const fixture = new JobFixture(90);
    fixture.create(cronJobOf("* * * * *", { concurrencyPolicy }));
    fixture.run(200);
    return fixture;
  };
  test("Allow: side by side", () => {
    const fixture = overlapping("Allow");
    expect(created(fixture)).toHaveLength(3);
    expect(fixture.cronJob()?.status?.active).toHaveLength(2);
  });
  test("Forbid: the next one starts when the first has ended, late", () => {
    const fixture = overlapping("Forbid");
    expect(created(fixture)).toEqual([
      "60.1 SuccessfulCreate Created job tick-1",
      "151.1 SuccessfulCreate Created job tick-2",
    ]);
    expect(fixture.events).toContain(
      "120.1 JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid",
    );
  });
  test("Replace: the former one is deleted", () => {
    const fixture = overlapping("Replace");
    expect(created(fixture)).toHaveLength(3);
    expect(fixture.jobs()).toEqual(["tick-3"]);
    expect(fixture.store.pods.count).toBe(1);
  });
});

test("finished Jobs are kept as the limits say", () => {
  const fixture = new JobFixture(5);
  fixture.create(cronJobOf("* * * * *", { successfulJobsHistoryLimit: 2 }));
  fixture.run(299);
  expect(fixture.jobs()).toEqual(["tick-3", "tick-4"]);
});

test("suspended: nothing starts; what was missed meanwhile counts as one run, within the starting deadline", () => {
  const check = (startingDeadlineSeconds: number | undefined, jobs: readonly string[]): void => {
    const fixture = new JobFixture(5);
    const deadline = startingDeadlineSeconds === undefined ? {} : { startingDeadlineSeconds };
    fixture.create(cronJobOf("* * * * *", { suspend: true, ...deadline }));
    fixture.run(210);
    expect(fixture.jobs()).toEqual([]);
    fixture.patch("CronJob", "tick", { spec: { suspend: false } });
    fixture.run(211);
    expect(fixture.jobs()).toEqual(jobs);
  };
  check(undefined, ["tick-3"]);
  check(60, ["tick-3"]);
  check(10, []);
});

test("a day that never comes is said", () => {
  const fixture = new JobFixture();
  fixture.create(cronJobOf("0 0 31 2 *"));
  fixture.run(10);
  expect(fixture.events).toEqual([
    "0 InvalidSchedule invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second",
  ]);
});

test("another schedule sets the timer anew", () => {
  const fixture = new JobFixture();
  fixture.create(cronJobOf("0 * * * *"));
  fixture.run(10);
  fixture.patch("CronJob", "tick", { spec: { schedule: "* * * * *" } });
  fixture.run(61);
  expect(created(fixture)).toHaveLength(1);
});

test("a fork goes on as the original does", () => {
  const play = (fixture: JobFixture): string => {
    fixture.run(1000);
    return JSON.stringify([fixture.engine.unseed(), fixture.cronJob()?.status, fixture.jobs(), fixture.events.at(-1)]);
  };
  const original = new JobFixture(70);
  original.create(cronJobOf("* * * * *", { concurrencyPolicy: "Forbid" }));
  original.run(130);
  const checkpoint = original.engine.checkpoint();
  const fork = new JobFixture(70);
  fork.engine.restore(checkpoint);
  expect(play(fork)).toBe(play(original));
});
