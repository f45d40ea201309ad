import { fetchStats, fetchTimeline, fetchWindows } from './api';
import { fullest, hoursOf, type Hours } from './figures';
import { midnight } from './format';
import type { Stats, UsageWindow } from './types';

const HOUR = 3_600_000;
/** At most one refresh in this time while events come. */
const GAP_MS = 2_000;
/** Without new events figures still age: the last hour moves on, and so does the day. */
const STALE_MS = 15_000;
/** The hours and the windows are asked for less often than the figures. */
const HOURS_MS = 10_000;

/** The figures of the tiles. */
class Figures {
  today = $state.raw<Stats | null>(null);
  lastHour = $state.raw<Stats | null>(null);
  hours = $state.raw<Hours | null>(null);
  /** The day before, by hours, whole. */
  yesterday = $state.raw<Hours | null>(null);
  windows = $state.raw<readonly UsageWindow[]>([]);
  /** The last try failed: what is shown is old, or nothing. */
  failed = $state(false);

  readonly gauge = $derived(fullest(this.windows));

  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #dirty = false;
  #lastAt = 0;
  #hoursAt = 0;
  #gap = GAP_MS;
  #total = -1;
  #watched = false;

  /** Keeps the figures true from now on; returns how to stop. Nothing is asked while nobody looks. */
  watch(): () => void {
    this.#watched = true;
    const seen = () => {
      if (!document.hidden && this.#dirty) this.touch();
    };
    document.addEventListener('visibilitychange', seen);
    if (this.#dirty) this.touch();
    return () => {
      this.#watched = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      document.removeEventListener('visibilitychange', seen);
    };
  }

  /** Something happened: refresh soon, but not more often than every two seconds. */
  touch(): void {
    this.#dirty = true;
    if (this.#running || this.#timer !== undefined || !this.#watched || document.hidden) return;
    const wait = Math.max(0, this.#lastAt + this.#gap - Date.now());
    this.#timer = setTimeout(() => void this.refresh(), wait);
  }

  /** A stats frame: its total tells whether anything changed. */
  frame(stats: Stats): void {
    const changed = stats.total_events !== this.#total;
    this.#total = stats.total_events;
    if (changed || this.#dirty || Date.now() - this.#lastAt > STALE_MS) this.touch();
  }

  /** Asks for the figures now, if anybody looks at them. */
  async refresh(): Promise<void> {
    if (!this.#watched) {
      this.#dirty = true;
      return;
    }
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
          fetchTimeline(midnight(from, 1).toISOString()).then((timeline) => {
            this.hours = hoursOf(timeline, from);
            this.yesterday = hoursOf(timeline, from, 1);
          }),
          fetchWindows().then((windows) => {
            this.windows = windows;
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
