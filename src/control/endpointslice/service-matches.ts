import type { Matcher, Service } from "../../kube/index.ts";
import type { DocumentTable, PodTable } from "../../store/index.ts";
import type { Cell, CellState } from "../../tables/index.ts";
import { matcherOf } from "../scale.ts";

interface Candidate {
  readonly service: number;
  readonly matcher: Matcher;
  /** Place among the candidates of the namespace. */
  readonly order: number;
}

/** Candidates of a namespace by the label that their selector asks for, written `key=value`. */
type Candidates = Map<string, Candidate[]>;

/** Whether this controller makes endpoints for the service. */
export function isManaged(service: Service): boolean {
  return service.spec.type !== "ExternalName" && Object.keys(service.spec.selector ?? {}).length > 0;
}

/**
 * The services that select the pods of a group (namespace and labels). Derived from the store and rebuilt when asked,
 * hence no state; it is a cell only to be emptied when another state is loaded.
 */
export class ServiceMatches implements Cell {
  readonly name: string;
  readonly #services: DocumentTable<Service>;
  readonly #pods: PodTable;
  #byGroup = new Map<number, readonly number[]>();
  #byNamespace: Map<string, Candidates> | undefined;

  /** `owner` is the controller that asks: each has its own. */
  constructor(owner: string, services: DocumentTable<Service>, pods: PodTable) {
    this.name = `${owner}.matches`;
    this.#services = services;
    this.#pods = pods;
  }

  /** Rows of the services that select the pod. */
  of(pod: number): readonly number[] {
    return this.ofGroup(this.#pods.byGroup.listOf(pod));
  }

  /** Rows of the services that select the pods of a group. */
  ofGroup(group: number): readonly number[] {
    let found = this.#byGroup.get(group);
    if (found === undefined) {
      const labels = this.#pods.groupLabels.get(group);
      const candidates = this.#candidates().get(this.#pods.groupNamespace.get(group));
      found = Object.entries(labels)
        .flatMap(([key, value]) => candidates?.get(`${key}=${value}`) ?? [])
        .filter(({ matcher }) => matcher.matches(labels))
        .sort((a, b) => a.order - b.order)
        .map(({ service }) => service);
      this.#byGroup.set(group, found);
    }
    return found;
  }

  /** The selector of a service, ready for matching. */
  matcherOf(service: number): Matcher {
    return matcherOf("Service", this.#services.get(service).spec.selector);
  }

  /** To be called when services came, went or changed their selectors. */
  clear(): void {
    this.#byGroup.clear();
    this.#byNamespace = undefined;
  }

  save(): CellState {
    return { form: "data", data: null };
  }
  load(): void {
    this.clear();
  }

  #candidates(): Map<string, Candidates> {
    if (this.#byNamespace !== undefined) return this.#byNamespace;
    const byNamespace = new Map<string, Candidates>();
    let order = 0;
    for (let row = this.#services.first(); row !== -1; row = this.#services.after(row)) {
      const service = this.#services.get(row);
      if (!isManaged(service)) continue;
      const { namespace = "" } = service.metadata;
      const matcher = matcherOf("Service", service.spec.selector);
      // The selector of a managed Service is a map with at least one label.
      const label = `${matcher.label?.key}=${matcher.label?.value}`;
      const candidates: Candidates = byNamespace.get(namespace) ?? new Map();
      byNamespace.set(namespace, candidates);
      candidates.set(label, [...(candidates.get(label) ?? []), { service: row, matcher, order: order++ }]);
    }
    this.#byNamespace = byNamespace;
    return byNamespace;
  }
}
