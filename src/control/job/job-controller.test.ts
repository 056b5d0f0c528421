import { describe, expect, test } from "vitest";
import { JobFixture, jobOf } from "../job-fixture.ts";
import { TRACKING_FINALIZER } from "./job-template.ts";

test("one pod, kept until it is counted; changes are gathered for a second", () => {
  const fixture = new JobFixture();
  fixture.create(jobOf());
  fixture.run(5.5);
  const { pods } = fixture.store;
  expect(pods.finalizersOf(pods.first())).toEqual([TRACKING_FINALIZER]);
  expect(fixture.job()?.status).toMatchObject({ active: 1, ready: 1, terminating: 0 });
  fixture.run(6);
  expect(pods.finalizersOf(pods.first())).toEqual([]);
  expect(fixture.job()?.status).toMatchObject({
    succeeded: 1,
    startTime: "1970-01-01T00:00:00Z",
    completionTime: "1970-01-01T00:00:06Z",
  });
  expect(fixture.conditions()).toEqual(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
  expect(fixture.events.at(-1)).toBe("6 Completed Job completed");
});

test("its pods are told by a label with the Job's uid", () => {
  const fixture = new JobFixture();
  fixture.create(jobOf());
  fixture.run(1);
  const { selector, template } = fixture.job()?.spec ?? {};
  const uid = fixture.job()?.metadata.uid;
  expect(selector).toEqual({ matchLabels: { "batch.kubernetes.io/controller-uid": uid } });
  expect(template?.metadata?.labels).toMatchObject({ "batch.kubernetes.io/job-name": "work", "job-name": "work" });
  expect(fixture.store.pods.labelsOf(fixture.store.pods.first())).toMatchObject({ "job-name": "work" });
});

test("as many at a time as the parallelism says, until all completions are there", () => {
  const fixture = new JobFixture();
  fixture.create(jobOf({ parallelism: 3, completions: 7 }));
  let most = 0;
  for (let second = 0; second < 40; second++) {
    fixture.run(second);
    most = Math.max(most, fixture.job()?.status?.active ?? 0);
  }
  expect(most).toBe(3);
  expect(fixture.job()?.status).toMatchObject({ succeeded: 7 });
  expect(fixture.store.pods.count).toBe(7);
});

test("without completions one success ends it, when the others are done", () => {
  const fixture = new JobFixture(5, (_, serial) => (serial % 2 === 0 ? 0 : 1));
  fixture.create(jobOf({ parallelism: 3 }));
  fixture.run(30);
  expect(fixture.store.pods.count).toBe(3);
  expect(fixture.conditions()).toContain("Complete CompletionsReached");
});

describe("failures", () => {
  /** Instants at which pods were created, in whole seconds. */
  const creations = (fixture: JobFixture): number[] => {
    const { pods } = fixture.store;
    const found: number[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) found.push(pods.createdAt.get(row) / 1_000_000);
    return found;
  };

  test("the next pod waits 10 s, 20 s, …; beyond the limit the Job fails", () => {
    const fixture = new JobFixture(2, () => 1);
    fixture.create(jobOf({ backoffLimit: 2 }));
    fixture.run(100);
    expect(creations(fixture)).toEqual([0, 12, 34]);
    expect(fixture.job()?.status).toMatchObject({ failed: 3 });
    expect(fixture.conditions()).toEqual(["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
    expect(fixture.events.at(-1)).toBe("36 BackoffLimitExceeded Job has reached the specified backoff limit");
  });

  test("with a limit per index the others go on, and the failures are handed on", () => {
    const fixture = new JobFixture(2, (index) => (index === "1" ? 3 : 0));
    fixture.create(jobOf({ parallelism: 3, completions: 3, completionMode: "Indexed", backoffLimitPerIndex: 1 }));
    fixture.run(60);
    expect(fixture.job()?.status).toMatchObject({
      completedIndexes: "0,2",
      failedIndexes: "1",
      succeeded: 2,
      failed: 2,
    });
    expect(fixture.conditions()).toEqual(["FailureTarget FailedIndexes", "Failed FailedIndexes"]);
    const { pods } = fixture.store;
    const names: string[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      names.push(
        `${pods.name.get(row).slice(0, 7)} ${pods.annotationsOf(row)["batch.kubernetes.io/job-index-failure-count"]}`,
      );
    }
    expect(names).toEqual(["work-0- 0", "work-1- 0", "work-2- 0", "work-1- 1"]);
  });

  test("a failure policy fails the Job at once, or does not count", () => {
    const onExitCodes = { operator: "In", values: [42] };
    const failing = new JobFixture(2, () => 42);
    failing.create(jobOf({ podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes }] } }));
    failing.run(10);
    expect(failing.conditions()).toEqual(["FailureTarget PodFailurePolicy", "Failed PodFailurePolicy"]);
    expect(failing.events.at(-1)).toMatch(
      /Container app for pod default\/work-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
    );
    const ignoring = new JobFixture(2, () => 42);
    ignoring.create(jobOf({ backoffLimit: 0, podFailurePolicy: { rules: [{ action: "Ignore", onExitCodes }] } }));
    ignoring.run(40);
    expect(ignoring.job()?.status?.failed).toBeUndefined();
    expect(ignoring.store.pods.count).toBe(3);
  });

  test("a deadline counts from the start", () => {
    const fixture = new JobFixture(1000);
    fixture.create(jobOf({ activeDeadlineSeconds: 20, parallelism: 2, completions: 2 }));
    fixture.run(19.9);
    expect(fixture.job()?.status?.active).toBe(2);
    fixture.run(30);
    expect(fixture.conditions()).toEqual(["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"]);
    expect(fixture.job()?.status).toMatchObject({ failed: 2, terminating: 0 });
    expect(fixture.store.pods.count).toBe(0);
  });
});

test("a success policy ends the Job early and does not count the others", () => {
  const fixture = new JobFixture(5, (index) => (index === "2" ? 0 : 1));
  const rules = [{ succeededIndexes: "0,2", succeededCount: 1 }];
  fixture.create(jobOf({ parallelism: 4, completions: 4, completionMode: "Indexed", successPolicy: { rules } }));
  fixture.run(20);
  expect(fixture.conditions()).toEqual(["SuccessCriteriaMet SuccessPolicy", "Complete SuccessPolicy"]);
  expect(fixture.job()?.status).toMatchObject({ completedIndexes: "2", succeeded: 1 });
});

test("suspended: its pods go without counting, and the clock starts anew", () => {
  const fixture = new JobFixture(20);
  fixture.create(jobOf({ parallelism: 2, completions: 2 }));
  fixture.run(5);
  fixture.patch("Job", "work", { spec: { suspend: true } });
  fixture.run(10);
  expect(fixture.store.pods.count).toBe(0);
  expect(fixture.conditions()).toEqual(["Suspended JobSuspended"]);
  expect(fixture.job()?.status?.startTime).toBeUndefined();
  expect(fixture.job()?.status?.failed).toBeUndefined();
  fixture.patch("Job", "work", { spec: { suspend: false } });
  fixture.run(40);
  expect(fixture.job()?.status).toMatchObject({ succeeded: 2, startTime: "1970-01-01T00:00:10Z" });
});

test("a deleted pod counts as failed and is replaced after the back-off", () => {
  const fixture = new JobFixture(100);
  fixture.create(jobOf());
  fixture.run(5);
  fixture.store.podWriter.requestDeletion(fixture.store.pods.first());
  fixture.run(20);
  expect(fixture.job()?.status).toMatchObject({ active: 1, failed: 1 });
  expect(fixture.store.pods.createdAt.get(fixture.store.pods.first())).toBe(15_000_000);
});

test("a Job that is gone lets its pods go", () => {
  const fixture = new JobFixture(100);
  fixture.create(jobOf({ parallelism: 2, completions: 2 }));
  fixture.run(5);
  const { store } = fixture;
  const jobs = store.documents("Job");
  store.writer.remove(jobs, jobs.rowOf("default", "work"));
  fixture.run(7);
  expect(store.pods.count).toBe(0);
});

test("after its time to live a finished Job goes, its pods first", () => {
  const fixture = new JobFixture(5);
  fixture.create(jobOf({ ttlSecondsAfterFinished: 10 }));
  fixture.run(15.9);
  expect(fixture.jobs()).toEqual(["work"]);
  fixture.run(16);
  expect(fixture.jobs()).toEqual([]);
  expect(fixture.store.pods.count).toBe(0);
});

test("a fork goes on as the original does", () => {
  const make = (): JobFixture => new JobFixture(4, (index) => (index === "1" ? 1 : 0));
  const play = (fixture: JobFixture): string => {
    fixture.run(200);
    return JSON.stringify([fixture.engine.unseed(), fixture.job()?.status, fixture.store.pods.count]);
  };
  const original = make();
  original.create(jobOf({ parallelism: 2, completions: 5, completionMode: "Indexed", backoffLimit: 3 }));
  original.run(9);
  const checkpoint = original.engine.checkpoint();
  const fork = make();
  fork.engine.restore(checkpoint);
  expect(play(fork)).toBe(play(original));
});
