import { midnight } from './format';
import type { CostBucket, Stats, UsageWindow } from './types';

const HOUR = 3_600_000;

/** The sums of tokens in a total. */
export type TokenSums = Pick<
  Stats,
  'total_tokens_in' | 'total_tokens_out' | 'total_cache_read_tokens' | 'total_cache_write_tokens'
>;

/** All tokens of a total: new input, output, and the cache's reads and writes. */
export function allTokens(stats: TokenSums): number {
  return (
    stats.total_tokens_in +
    stats.total_tokens_out +
    stats.total_cache_read_tokens +
    stats.total_cache_write_tokens
  );
}

/** The share of what was read that came from the cache; null when nothing was read. */
export function cachedShare(stats: TokenSums): number | null {
  const read = stats.total_cache_read_tokens;
  const input = stats.total_tokens_in + read + stats.total_cache_write_tokens;
  return read > 0 && input > 0 ? read / input : null;
}

/** A day by hours, from local midnight to the hour of `now`. */
export interface Hours {
  cost: number[];
  tokens: number[];
  events: number[];
  errors: number[];
}

/** Sorts the server's hours into one local day; hours with nothing in them are zero. */
export function hoursOf(
  timeline: readonly Omit<CostBucket, 'unpriced_tokens'>[],
  now: number,
  daysBack = 0,
): Hours {
  const start = midnight(now, daysBack).getTime();
  const end = daysBack === 0 ? now : midnight(now, daysBack - 1).getTime() - 1;
  const length = Math.max(1, Math.floor((end - start) / HOUR) + 1);
  const zeros = () => new Array<number>(length).fill(0);
  const hours: Hours = { cost: zeros(), tokens: zeros(), events: zeros(), errors: zeros() };
  for (const row of timeline) {
    // In zones off the full hour a bucket begins before midnight; it counts to the hour it ends in.
    const at = Math.floor((Date.parse(row.bucket) + HOUR - 1 - start) / HOUR);
    if (!(at >= 0 && at < length)) continue;
    const add = (list: number[], value: number) => {
      list[at] = (list[at] ?? 0) + value;
    };
    add(hours.cost, row.cost_usd);
    add(hours.tokens, row.tokens_in + row.tokens_out);
    add(hours.events, row.event_count);
    add(hours.errors, row.error_count);
  }
  return hours;
}

/** A list with each value the sum of all up to it. */
export function running(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}

/** The window that is nearest to its limit; null when none has one. */
export function fullest(windows: readonly UsageWindow[]): UsageWindow | null {
  let best: UsageWindow | null = null;
  for (const window of windows) {
    if (window.used_percent === null) continue;
    if (!best || window.used_percent > (best.used_percent ?? 0)) best = window;
  }
  return best;
}

/** A window's length in words: "5-hour", "7-day"; its name where the length is not told. */
export function windowWords(window: Pick<UsageWindow, 'window' | 'window_hours'>): string {
  const hours = window.window_hours;
  if (hours === null) return window.window;
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24}-day` : `${hours}-hour`;
}

/** The sum of a day's hours up to a moment of it; the hour that runs counts as far as it has come. */
export function upTo(hours: readonly number[], start: number, moment: number): number {
  const passed = (moment - start) / HOUR;
  return hours.reduce((sum, value, i) => sum + value * Math.min(1, Math.max(0, passed - i)), 0);
}

/** How far a sum is above or below another one, in words; empty where that says nothing. */
export function compared(now: number, before: number, than: string): string {
  if (!(before > 0)) return '';
  const change = Math.round((now / before - 1) * 100);
  if (change === 0) return `as ${than}`;
  if (change > 999) return `far above ${than}`;
  return `${Math.abs(change)}% ${change > 0 ? 'above' : 'below'} ${than}`;
}
