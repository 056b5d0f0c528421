/** A plugin did what no plugin may: it threw, gave an impossible answer, or two answers to one question. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly plugin: string;

  /** @param where the call: `score(pod/default/a, node/n1)` */
  constructor(plugin: string, path: string, where: string, what: string) {
    super(`plugin "${plugin}" (${path}): ${where}: ${what}`);
    this.plugin = plugin;
  }
}
