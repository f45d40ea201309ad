import { address } from './address.svelte';
import { clock } from './clock.svelte';
import {
  byWait,
  countByFilter,
  isWaiting,
  needsYou,
  passes,
  replaceRows,
  sorted,
  updateRows,
  viewOf,
} from './sessions';
import type { SessionRow } from './types';

/** A call becomes a long one within this time, not with every tick of the clock. */
const STEP_MS = 10_000;

/** The live sessions, kept by the stream. */
class Sessions {
  #rows = $state.raw<ReadonlyMap<string, SessionRow>>(new Map());
  /** Sessions a frame spoke of while an answer was on its way: the frame is the newer word. */
  #touched: Set<string> | null = null;

  /** The moment that decides which calls run for long. */
  readonly moment = $derived(Math.floor(clock.now / STEP_MS) * STEP_MS);
  readonly all = $derived(sorted([...this.#rows.values()], 'need', this.moment));
  /** Those of the agent and the project in the address. */
  readonly chosen = $derived(
    this.all.filter(
      ({ agent_type, project }) =>
        (address.current.agent === null || agent_type === address.current.agent) &&
        (address.current.project === null || project === address.current.project),
    ),
  );
  readonly counts = $derived(countByFilter(this.chosen, this.moment));
  readonly shown = $derived(
    sorted(
      this.chosen.filter((row) => passes(viewOf(row, this.moment), address.current.state)),
      address.current.sort,
      this.moment,
    ),
  );
  /** Who waits for a person, the longest first. */
  readonly asking = $derived(this.all.filter((row) => isWaiting(viewOf(row))).sort(byWait));
  /** Who failed, met a limit, or may hang. */
  readonly troubled = $derived(
    this.all.filter((row) => {
      const view = viewOf(row, this.moment);
      return needsYou(view) && !isWaiting(view);
    }),
  );
  readonly need = $derived(this.asking.length + this.troubled.length);

  /** Call before asking the server for all sessions. */
  expect(): void {
    this.#touched = new Set();
  }

  /** Takes the server's answer, but keeps what frames have said since the question. */
  replace(rows: readonly SessionRow[]): void {
    const touched = this.#touched ?? new Set<string>();
    this.#touched = null;
    this.#rows = replaceRows(this.#rows, rows, touched);
  }

  /** Takes frames; a session that is no longer live leaves. */
  update(rows: readonly SessionRow[]): void {
    if (rows.length === 0) return;
    for (const row of rows) this.#touched?.add(row.id);
    this.#rows = updateRows(this.#rows, rows);
  }
}

export const sessions = new Sessions();
