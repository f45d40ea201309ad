import { midnight } from './format';
import type { AgentUsage, CostBucket, Stats, UsageWindow } from './types';

const HOUR = 3_600_000;

/** All tokens of a total: new input, output, and the cache's reads and writes. */
export function allTokens(stats: Stats): number {
  return (
    stats.total_tokens_in +
    stats.total_tokens_out +
    (stats.total_cache_read_tokens ?? 0) +
    (stats.total_cache_write_tokens ?? 0)
  );
}

/** The share of what was read that came from the cache; null when nothing was read. */
export function cachedShare(stats: Stats): number | null {
  const read = stats.total_cache_read_tokens ?? 0;
  const input = stats.total_tokens_in + read + (stats.total_cache_write_tokens ?? 0);
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
export function hoursOf(timeline: readonly CostBucket[], now: number, daysBack = 0): Hours {
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
    add(hours.cost, row.cost_usd ?? 0);
    add(hours.tokens, row.tokens_in + row.tokens_out);
    add(hours.events, row.event_count);
    add(hours.errors, row.error_count ?? 0);
  }
  return hours;
}

/** A list with each value the sum of all up to it. */
export function running(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}

/** One agent's use of one of its windows. */
export interface Gauge {
  agent: string;
  window: UsageWindow;
  unit: 'tokens' | 'cost';
  share: number;
}

/** The window that is nearest to its limit; null when no agent has one. */
export function fullest(usage: readonly AgentUsage[]): Gauge | null {
  let best: Gauge | null = null;
  for (const agent of usage) {
    for (const window of [agent.session, agent.extended, agent.weekly]) {
      if (!window || !(window.limit > 0)) continue;
      const share = window.used / window.limit;
      if (best && share <= best.share) continue;
      best = { agent: agent.agent_type, window, unit: agent.limitType, share };
    }
  }
  return best;
}

/** A window's length in words: "5-hour", "7-day". */
export function windowWords(hours: number): string {
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24}-day` : `${hours}-hour`;
}
