import { fetchStats, fetchTimeline, fetchUsage } from './api';
import { fullest, hoursOf, type Hours } from './figures';
import { midnight } from './format';
import type { AgentUsage, Stats } from './types';

const HOUR = 3_600_000;
/** At most one refresh in this time while events come. */
const GAP_MS = 2_000;
/** Without new events figures still age: the last hour moves on, and so does the day. */
const STALE_MS = 15_000;
/** The sparklines' hours are asked for less often than the figures. */
const HOURS_MS = 10_000;

/** The figures of the tiles. */
class Figures {
  today = $state.raw<Stats | null>(null);
  lastHour = $state.raw<Stats | null>(null);
  hours = $state.raw<Hours | null>(null);
  usage = $state.raw<readonly AgentUsage[]>([]);
  /** The last try failed: what is shown is old, or nothing. */
  failed = $state(false);

  readonly gauge = $derived(fullest(this.usage));

  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #dirty = false;
  #lastAt = 0;
  #hoursAt = 0;
  #gap = GAP_MS;
  #total = -1;

  /** Something happened: refresh soon, but not more often than every two seconds. */
  touch(): void {
    this.#dirty = true;
    if (this.#running || this.#timer !== undefined) return;
    const wait = Math.max(0, this.#lastAt + this.#gap - Date.now());
    this.#timer = setTimeout(() => void this.refresh(), wait);
  }

  /** A stats frame: its windows are used as they are, its total tells whether anything changed. */
  frame(stats: Stats & { usage_monitor?: AgentUsage[] }): void {
    if (Array.isArray(stats.usage_monitor)) this.usage = stats.usage_monitor;
    const changed = stats.total_events !== this.#total;
    this.#total = stats.total_events;
    if (changed || this.#dirty || Date.now() - this.#lastAt > STALE_MS) this.touch();
  }

  /** Asks for the figures now. */
  async refresh(first = false): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running) return;
    this.#running = true;
    this.#dirty = false;
    const from = Date.now();
    try {
      const jobs: Promise<void>[] = [
        fetchStats(midnight(from).toISOString()).then((stats) => {
          this.today = stats;
        }),
        fetchStats(new Date(from - HOUR).toISOString()).then((stats) => {
          this.lastHour = stats;
        }),
      ];
      if (from - this.#hoursAt > HOURS_MS) {
        this.#hoursAt = from;
        jobs.push(
          fetchTimeline(midnight(from).toISOString()).then((timeline) => {
            this.hours = hoursOf(timeline, from);
          }),
        );
      }
      if (first) {
        jobs.push(
          fetchUsage().then((usage) => {
            this.usage = usage;
          }),
        );
      }
      const results = await Promise.allSettled(jobs);
      this.failed = results.some((result) => result.status === 'rejected');
    } finally {
      this.#running = false;
      this.#lastAt = Date.now();
      // A server with a large database is asked less often.
      this.#gap = Math.max(GAP_MS, (this.#lastAt - from) * 10);
      if (this.#dirty) this.touch();
    }
  }
}

export const figures = new Figures();
