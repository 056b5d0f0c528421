/** Patterns of group names by priority, as the ConfigMap of the priority expander lists them. */
export type Priorities = readonly { readonly priority: number; readonly patterns: readonly RegExp[] }[];

/** @source cluster-autoscaler 1.37 expander/priority/priority.go PriorityConfigMapName, ConfigMapKey */
export const PRIORITY_CONFIG_MAP = "cluster-autoscaler-priority-expander";
export const PRIORITY_CONFIG_KEY = "priorities";

const HEADING = /^(["']?)(-?\d+)\1\s*:\s*(#.*)?$/;
const ITEM = /^\s*-\s+(.*)$/;

/**
 * Reads the priorities: whole numbers, each with a list of regular expressions. Undefined when the text is not of that form.
 *
 * ```yaml
 * 10:
 *   - .*spot.*
 * 50: [general, "m5-.*"]
 * ```
 */
export function readPriorities(text: string): Priorities | undefined {
  const read: { priority: number; patterns: RegExp[] }[] = [];
  for (const line of text.split("\n")) {
    const stripped = line.replace(/\s+#.*$/, "").trimEnd();
    if (stripped.trim() === "" || stripped.trim().startsWith("#") || stripped.trim() === "---") continue;
    const item = ITEM.exec(stripped);
    const inline = /^(["']?)(-?\d+)\1\s*:\s*\[(.*)\]$/.exec(stripped);
    const heading = HEADING.exec(stripped);
    if (heading !== null) read.push({ priority: Number(heading[2]), patterns: [] });
    else if (inline !== null) {
      const patterns = (inline[3] as string).split(",").map((part) => patternOf(part.trim()));
      if (patterns.some((pattern) => pattern === undefined)) return undefined;
      read.push({ priority: Number(inline[2]), patterns: patterns as RegExp[] });
    } else if (item !== null && read.length > 0) {
      const pattern = patternOf(item[1] as string);
      if (pattern === undefined) return undefined;
      read.at(-1)?.patterns.push(pattern);
    } else return undefined;
  }
  return read.length === 0 ? undefined : read;
}

/** The highest priority that a pattern gives the group; null when none does. */
export function priorityOf(priorities: Priorities, group: string): number | null {
  let best: number | null = null;
  for (const { priority, patterns } of priorities) {
    if ((best === null || priority > best) && patterns.some((pattern) => pattern.test(group))) best = priority;
  }
  return best;
}

function patternOf(text: string): RegExp | undefined {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  try {
    return new RegExp(quoted?.[2] ?? text);
  } catch {
    return undefined;
  }
}
