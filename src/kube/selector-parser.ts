import { labelKeyProblems } from "./labels.ts";
import { makeRequirement, type Parsed, type Requirement, type SelectorOperator } from "./selectors.ts";

type TokenKind = "identifier" | "in" | "notin" | "=" | "==" | "!=" | ">" | "<" | "!" | "(" | ")" | "," | "end";
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/**
 * Reads a selector written as text, `app=web,tier in (a,b),!old`. The empty text selects everything.
 *
 * @returns the requirements sorted by key, or the API's error text.
 * @source kubernetes 1.37 apimachinery labels.Parse
 */
export function parseSelector(text: string): Parsed<Requirement[]> {
  try {
    const requirements = new Parser(tokens(text)).parse();
    requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return { ok: true, value: requirements };
  } catch (error) {
    if (error instanceof SelectorError) return { ok: false, error: error.message };
    throw error;
  }
}

class SelectorError extends Error {}

const WORD_STOPS = /[\s=!(),><]/;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    if (WORD_STOPS.test(char)) {
      const pair = text.slice(at, at + 2);
      const symbol = pair === "==" || pair === "!=" ? pair : char;
      found.push({ kind: symbol as TokenKind, text: symbol });
      at += symbol.length;
      continue;
    }
    let end = at;
    while (end < text.length && !WORD_STOPS.test(text.charAt(end))) end += 1;
    const word = text.slice(at, end);
    found.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word });
    at = end;
  }
  return found;
}

const END: Token = { kind: "end", text: "" };

const OPERATORS: ReadonlyMap<TokenKind, SelectorOperator> = new Map([
  ["in", "in"],
  ["notin", "notin"],
  ["=", "="],
  ["==", "=="],
  ["!=", "!="],
  [">", "gt"],
  ["<", "lt"],
]);

class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(found: readonly Token[]) {
    this.tokens = found;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    let next = this.peek();
    if (next.kind === "end") return requirements;
    if (next.kind !== "identifier" && next.kind !== "!") {
      throw new SelectorError(`found '${next.text}', expected: !, identifier, or 'end of string'`);
    }
    for (;;) {
      requirements.push(this.requirement());
      const separator = this.take();
      if (separator.kind === "end") return requirements;
      if (separator.kind !== ",") {
        throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`);
      }
      next = this.peek();
      if (next.kind !== "identifier" && next.kind !== "!") {
        throw new SelectorError(`found '${next.text}', expected: identifier after ','`);
      }
    }
  }

  private requirement(): Requirement {
    let token = this.take();
    const isNegated = token.kind === "!";
    if (isNegated) token = this.take();
    if (token.kind !== "identifier") throw unparsable(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const problems = labelKeyProblems(key);
    // The key is checked without a path, which the API prints as "<nil>".
    if (problems.length > 0) throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`);
    if (isNegated) return requirementOf(key, "!", []);
    const { kind } = this.peek();
    if (kind === "end" || kind === ",") return requirementOf(key, "exists", []);
    const operator = this.operator();
    const values = operator === "in" || operator === "notin" ? this.valueList() : [this.exactValue()];
    return requirementOf(key, operator, values);
  }

  private operator(): SelectorOperator {
    const token = this.tokens[this.at] ?? END;
    this.at += 1;
    const operator = OPERATORS.get(token.kind);
    if (operator === undefined) throw unparsable(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`);
    return operator;
  }

  private valueList(): string[] {
    const open = this.take();
    if (open.kind !== "(") throw unparsable(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.kind === ")") {
      this.take();
      return [""];
    }
    if (first.kind !== "identifier" && first.kind !== ",") {
      throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = new Set<string>();
    // An empty place between commas, or beside a parenthesis, is the empty value.
    let isPlaceEmpty = true;
    for (;;) {
      const token = this.take();
      if (token.kind === "identifier") {
        values.add(token.text);
        isPlaceEmpty = false;
        const next = this.peek();
        if (next.kind !== "," && next.kind !== ")") throw unparsable(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === "," || token.kind === ")") {
        if (isPlaceEmpty) values.add("");
        if (token.kind === ")") return [...values];
        isPlaceEmpty = true;
      } else {
        throw unparsable(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  private exactValue(): string {
    const next = this.peek();
    if (next.kind === "end" || next.kind === ",") return "";
    this.take();
    if (next.kind !== "identifier") throw unparsable(`found '${next.text}', expected: identifier`);
    return next.text;
  }

  /** Where an operator cannot stand, `in` and `notin` are ordinary words. */
  private peek(): Token {
    const token = this.tokens[this.at] ?? END;
    return token.kind === "in" || token.kind === "notin" ? { kind: "identifier", text: token.text } : token;
  }

  private take(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }
}

function requirementOf(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const made = makeRequirement(key, operator, values);
  if (!made.ok) throw unparsable(made.error);
  return made.value;
}

function unparsable(detail: string): SelectorError {
  return new SelectorError(`unable to parse requirement: ${detail}`);
}
