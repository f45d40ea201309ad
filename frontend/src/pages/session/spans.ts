import { elapsed } from '../../lib/format';

/** A span that is over, in as few signs as it takes: 12ms, 0.8s, 41.2s, 1m 48s, 2h 05m. */
export function shortSpan(ms: number): string {
  if (ms < 100) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  return elapsed(ms);
}
