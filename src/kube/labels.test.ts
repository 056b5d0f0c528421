import { describe, expect, test } from "vitest";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  labelValueProblems,
  portNameProblems,
} from "./labels.ts";

const KEY_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const rules = { labelKeyProblems, labelValueProblems, dnsLabelProblems, dnsSubdomainProblems, portNameProblems };

describe("complaints", () => {
  const check = (rule: keyof typeof rules, text: string, expected: readonly string[]) =>
    test(`${rule} ${JSON.stringify(text.slice(0, 20))}`, () => expect(rules[rule](text)).toEqual(expected));
  check("labelKeyProblems", "app.kubernetes.io/name", []);
  check("labelKeyProblems", "a b", [`name part ${KEY_RULE}`]);
  check("labelKeyProblems", "", ["name part must be non-empty", `name part ${KEY_RULE}`]);
  check("labelKeyProblems", "/a", ["prefix part must be non-empty"]);
  check("labelKeyProblems", "A/a", [`prefix part ${SUBDOMAIN_RULE}`]);
  check("labelKeyProblems", "a/b/c", [
    `a valid label key ${KEY_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ]);
  check("labelKeyProblems", "a".repeat(64), ["name part must be no more than 63 bytes"]);
  check("labelValueProblems", "", []);
  check("labelValueProblems", "a".repeat(64), ["must be no more than 63 bytes"]);
  check("dnsLabelProblems", "7web", []);
  check("dnsLabelProblems", "My_Svc", [LABEL_RULE]);
  check("dnsLabelProblems", "a.b", ["must not contain dots"]);
  check("dnsLabelProblems", "a".repeat(64), ["must be no more than 63 characters"]);
  check("dnsSubdomainProblems", "a.b-c", []);
  check("dnsSubdomainProblems", "a..b", [SUBDOMAIN_RULE]);
  check("portNameProblems", "http", []);
  check("portNameProblems", "much-too-long-name", ["must be no more than 15 characters"]);
  check("portNameProblems", "80", ["must contain at least one letter (a-z)"]);
  check("portNameProblems", "a--b", ["must not contain consecutive hyphens"]);
  check("portNameProblems", "A_", [
    "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    "must contain at least one letter (a-z)",
  ]);
});
