const MINUTE = 60_000;

/** Counts each session's events by minute, for the small bars on its card. */
export class Activity {
  readonly #minutes = new Map<string, Map<number, number>>();

  constructor(
    readonly length = 20,
    /** Sessions that are counted at once; when there are more, those that fell silent are forgotten. */
    readonly limit = 1000,
  ) {}

  /** Counts one event at a moment in milliseconds. */
  add(session: string, time: number): void {
    const minute = Math.floor(time / MINUTE);
    let counts = this.#minutes.get(session);
    if (!counts) {
      this.#minutes.set(session, (counts = new Map()));
      if (this.#minutes.size > this.limit) this.#prune();
    }
    counts.set(minute, (counts.get(minute) ?? 0) + 1);
    // A session that runs for days must not keep every minute of it.
    if (counts.size > this.length * 2) {
      const newest = Math.max(...counts.keys());
      for (const kept of counts.keys()) if (kept <= newest - this.length) counts.delete(kept);
    }
  }

  /** Events a minute up to `now`, the oldest first. */
  bars(session: string, now: number): number[] {
    const counts = this.#minutes.get(session);
    const last = Math.floor(now / MINUTE);
    return Array.from({ length: this.length }, (_, i) => counts?.get(last - this.length + 1 + i) ?? 0);
  }

  /** A page that stays open for weeks must not keep every session it ever saw: the older half goes. */
  #prune(): void {
    const newest = [...this.#minutes].map(([id, counts]) => [id, Math.max(0, ...counts.keys())] as const);
    newest.sort((a, b) => a[1] - b[1]);
    for (const [id] of newest.slice(0, Math.floor(this.limit / 2))) this.#minutes.delete(id);
  }

  /** Forgets everything. */
  clear(): void {
    this.#minutes.clear();
  }
}
