/** What a delivery of the live stream brought, as far as a page can care. */
export interface Change {
  /** The sessions that events or session frames spoke of. */
  sessions: ReadonlySet<string>;
  /** Whether it is a new connection: anything may have happened. */
  all: boolean;
}

type Listener = (change: Change) => void;

const listeners = new Set<Listener>();

/** Calls back whenever the stream brought something; returns how to stop. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tells everybody who listens. */
export function announce(change: Change): void {
  for (const listener of listeners) listener(change);
}

/** Whether anybody would hear it. */
export function anybodyListens(): boolean {
  return listeners.size > 0;
}
