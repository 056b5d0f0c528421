import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** A version of kube-orrery on this disk. */
export interface Installed {
  readonly version: string;
  /** Folder of the package. */
  readonly folder: string;
  /** Module with its public face. */
  readonly entry: string;
}

const NAME = "kube-orrery";

/**
 * The version at a path: the package's folder, a project that depends on it, or a file of it such as its command. null when there is
 * none, or it is not built.
 */
export function findInstalled(path: string): Installed | null {
  if (!existsSync(path)) return null;
  const real = realpathSync(path);
  const start = statSync(real).isDirectory() ? real : dirname(real);
  for (const folder of [...upwards(start), join(start, "node_modules", NAME)]) {
    const found = installedIn(folder);
    if (found !== null) return found;
  }
  return null;
}

function upwards(start: string): string[] {
  const folders = [start];
  for (let at = start; dirname(at) !== at; at = dirname(at)) folders.push(dirname(at));
  return folders;
}

function installedIn(folder: string): Installed | null {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return null;
  const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
  const entry = join(folder, "dist", "index.js");
  return name === NAME && existsSync(entry) ? { version: version ?? "", folder, entry } : null;
}
