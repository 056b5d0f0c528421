import type { Place } from "./documents.ts";
import type { Problem } from "./problem.ts";

/** Kinds that nothing in a simulation could ask for: what they hold is read by containers, or by the API server's authorisation. */
const INERT: ReadonlySet<string> = new Set([
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ClusterRole",
  "ClusterRoleBinding",
]);

interface Kept {
  readonly place: Place;
  count: number;
}

/** Counts objects that a simulation does nothing with, so that a dump of a thousand of them gives a few notes. */
export class KeptKinds {
  /** By what is said of a kind, then by the kind. */
  readonly #kinds = { inert: new Map<string, Kept>(), kept: new Map<string, Kept>(), left: new Map<string, Kept>() };

  /** An object that is kept and not simulated. */
  keep(kind: string, place: Place): void {
    count(INERT.has(kind) ? this.#kinds.inert : this.#kinds.kept, kind, place);
  }

  /** An object of a kind of which the simulation makes its own. */
  leaveOut(kind: string, place: Place): void {
    count(this.#kinds.left, kind, place);
  }

  /** One note for all inert kinds and for all that are left out, and one for each kind that might matter; at the first object each. */
  notes(): Problem[] {
    const { inert, kept, left } = this.#kinds;
    return [
      ...note("N0303", inert, (names, isOne) => `${names} ${isOne ? "has" : "have"} no effect on a simulation`),
      ...[...kept].flatMap((one) => note("N0303", new Map([one]), (names) => `${names} is kept but not simulated`)),
      ...note(
        "N0305",
        left,
        (names, isOne) => `${names} ${isOne ? "is" : "are"} left out: the simulation makes its own`,
      ),
    ];
  }
}

function count(kinds: Map<string, Kept>, kind: string, place: Place): void {
  const known = kinds.get(kind);
  if (known === undefined) kinds.set(kind, { place, count: 1 });
  else known.count++;
}

function note(
  code: string,
  kinds: ReadonlyMap<string, Kept>,
  text: (names: string, isOne: boolean) => string,
): Problem[] {
  const [first] = kinds.values();
  if (first === undefined) return [];
  const names = [...kinds].map(([kind, kept]) => (kept.count === 1 ? kind : `${kind} (${kept.count})`));
  return [{ ...first.place, code, message: text(names.join(", "), kinds.size === 1) }];
}
