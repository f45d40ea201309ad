import { address } from './address.svelte';
import {
  byNeed,
  byWait,
  countByFilter,
  isWaiting,
  needsYou,
  passes,
  replaceRows,
  updateRows,
  viewOf,
} from './sessions';
import type { SessionRow } from './types';

/** The live sessions, kept by the stream. */
class Sessions {
  #rows = $state.raw<ReadonlyMap<string, SessionRow>>(new Map());
  /** Sessions a frame spoke of while an answer was on its way: the frame is the newer word. */
  #touched: Set<string> | null = null;

  readonly all = $derived([...this.#rows.values()].sort(byNeed));
  readonly counts = $derived(countByFilter(this.all));
  readonly shown = $derived(this.all.filter((row) => passes(viewOf(row), address.current.state)));
  /** Who waits for a person, the longest first. */
  readonly asking = $derived(this.all.filter((row) => isWaiting(viewOf(row))).sort(byWait));
  /** Who failed or met a limit. */
  readonly troubled = $derived(this.all.filter((row) => needsYou(viewOf(row)) && !isWaiting(viewOf(row))));
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
