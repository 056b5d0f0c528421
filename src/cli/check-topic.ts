import { adviceOn, type Topic } from "../answers/index.ts";
import { countProblems, type Problem } from "../scenario/index.ts";
import { type ClusterFiles, loadCluster } from "./cluster.ts";
import { problemLines } from "./problems.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface CheckTopicOptions extends ClusterFiles {
  readonly topic: Topic;
  readonly output: "table" | "json";
}

/** What every check says of autoscalers belongs to the topic too. */
const HPA_CODES = new Set(["W0203", "W0206", "W0207"]);

/** `orrery check rollouts|hpa|pdb`: what will not work as it is meant, partly by simulation. Exit code 3 when there is something. */
export async function checkTopic(options: CheckTopicOptions, terminal: Terminal): Promise<number> {
  const { topic, files, output } = options;
  if (files.length === 0) throw new UsageError(`check ${topic}: give a scenario or manifests`);
  const cluster = await loadCluster(options, terminal, false);
  if (cluster === null) return EXIT.usage;
  const { plan, plugins } = cluster;
  const problems: Problem[] = [
    ...(topic === "hpa" ? cluster.problems.filter(({ code }) => HPA_CODES.has(code)) : []),
    ...adviceOn(topic, { plan, plugins }).map(({ code, source, message }) => ({ code, ...source, length: 1, message })),
  ];
  const exit = problems.length > 0 ? EXIT.assertion : EXIT.done;
  if (output === "json") {
    const document = { schema: "kube-orrery/check.v1", version: packageVersion(), topic, files, problems, exit };
    terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    return exit;
  }
  const lines = problemLines(cluster, problems, { notes: true, hasColour: terminal.outHasColour });
  const hint = problems[0] === undefined ? "" : `   orrery explain ${problems[0].code}`;
  terminal.out(`${[...lines, `${topic}: ${countProblems(problems)}.${hint}`].join("\n")}\n`);
  return exit;
}
