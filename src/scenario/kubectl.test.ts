import { describe, expect, test } from "vitest";
import { parseKubectl } from "./kubectl.ts";

describe("a kubectl line", () => {
  const check = (line: string, expected: unknown): void => {
    const parsed = parseKubectl(line);
    if ("error" in parsed) expect(parsed.error).toEqual(expected);
    else expect([parsed.verb, parsed.words, Object.fromEntries(parsed.flags)]).toEqual(expected);
  };

  test("has flags with and without a value", () => {
    check("kubectl scale deployment/web --replicas 3 -n shop", [
      "scale",
      ["deployment/web"],
      { replicas: "3", namespace: "shop" },
    ]);
    check("drain n1 --ignore-daemonsets --force --grace-period=5", [
      "drain",
      ["n1"],
      { "ignore-daemonsets": "true", force: "true", "grace-period": "5" },
    ]);
    check("drain --delete-emptydir-data n1", ["drain", ["n1"], { "delete-emptydir-data": "true" }]);
  });

  test("is refused for flags and verbs that cannot be played", () => {
    check("drain n1 --grace-period", 'flag "--grace-period" needs a value');
    check("drain n1 --timeout=5m", expect.stringContaining('unknown flag "--timeout=5m" for drain'));
    check("edit deployment/web", expect.stringContaining('"edit" cannot be played'));
  });
});
