/** Where in a run something went wrong: enough to play it again up to there. */
export interface RunPosition {
  readonly seed: string;
  readonly run: number;
  readonly time: number;
  readonly eventNumber: number;
  /** Name of the event kind being handled; empty outside a handler. */
  readonly kind: string;
}

/** A fault of the program, never of its user: a state that must not exist. The engine adds where the run stood. */
export class InvariantError extends Error {
  readonly position: RunPosition | undefined;

  constructor(message: string, position?: RunPosition, cause?: unknown) {
    super(
      position === undefined ? message : `${message} (${describePosition(position)})`,
      cause ? { cause } : undefined,
    );
    this.name = "InvariantError";
    this.position = position;
  }
}

function describePosition(at: RunPosition): string {
  const event = at.kind === "" ? "between events" : `event ${at.eventNumber} "${at.kind}"`;
  return `seed ${at.seed}, run ${at.run}, time ${at.time} µs, ${event}`;
}

/** Throws an InvariantError unless the condition holds. The message is built only then. */
export function assert(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new InvariantError(message());
}
