/** Calls of tools: how many, how they failed, how long they took. */
import type { Failure, ToolPart, ToolUse } from './schema';
import type { Sort } from './table';

/** By what a table of tools can be sorted. */
export const TOOL_SORTS = ['calls', 'failures', 'rate', 'p50', 'p95', 'tool'] as const;
export type ToolSort = (typeof TOOL_SORTS)[number];

const VALUES: Record<Exclude<ToolSort, 'tool'>, (tool: ToolUse) => number | null> = {
  calls: (tool) => tool.calls,
  failures: (tool) => tool.failures,
  rate: (tool) => tool.failure_rate,
  p50: (tool) => tool.p50_ms,
  p95: (tool) => tool.p95_ms,
};

/** The tools in an order; what is not known comes last, whatever the order. */
export function sortTools(tools: readonly ToolUse[], { by, order }: Sort): ToolUse[] {
  const sign = order === 'asc' ? 1 : -1;
  const value = VALUES[by as keyof typeof VALUES] as ((tool: ToolUse) => number | null) | undefined;
  return [...tools].sort((a, b) => {
    if (!value) return sign * a.tool.localeCompare(b.tool);
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || b.calls - a.calls;
    return sign * (x - y) || b.calls - a.calls || a.tool.localeCompare(b.tool);
  });
}

/** A duration in as few characters as are clear: 12 ms, 1.4 s, 2m 05s, 1h 10m. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${pad(Math.floor((seconds % 3600) / 60))}m`;
}

/** A rate of failure: 6.4%, and nothing of nothing. */
export function rate(share: number): string {
  if (share === 0) return '0%';
  const value = share * 100;
  return value < 0.1 ? '<0.1%' : `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)}%`;
}

/** Where durations lie on a scale of powers of ten, from 0 to 1. */
export class DurationScale {
  readonly #low: number;
  readonly #high: number;
  /** Round durations on it, in milliseconds. */
  readonly ticks: number[];

  constructor(parts: readonly Pick<ToolPart, 'p50_ms' | 'p95_ms'>[]) {
    const known = parts
      .flatMap(({ p50_ms, p95_ms }) => [p50_ms, p95_ms])
      .filter((ms) => ms !== null && ms > 0);
    const logs = known.map((ms) => Math.log10(Math.max(1, ms ?? 1)));
    this.#low = logs.length > 0 ? Math.floor(Math.min(...logs)) : 0;
    this.#high = Math.max(this.#low + 1, logs.length > 0 ? Math.ceil(Math.max(...logs)) : 1);
    this.ticks = Array.from({ length: this.#high - this.#low + 1 }, (_, i) => 10 ** (this.#low + i));
  }

  /** What stands at a tick: 100 ms, 1 s, 100 s. */
  static word(ms: number): string {
    return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString('en-US')} s`;
  }

  at(ms: number): number {
    const place = (Math.log10(Math.max(1, ms)) - this.#low) / (this.#high - this.#low);
    return Math.min(1, Math.max(0, place));
  }
}

/** Failures of one command of one tool, the latest of them first. */
export interface FailureGroup {
  tool: string;
  command: string | null;
  failures: Failure[];
  /** How many sessions they were in. */
  sessions: number;
}

/** The same command failing again is one thing to look at; the one that failed last comes first. */
export function groupFailures(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const failure of failures) {
    // What names no command is told apart by its error: "permission denied" is not "not found".
    const key = JSON.stringify([
      failure.tool,
      failure.command ?? null,
      failure.command === null ? failure.error : null,
    ]);
    const known = groups.get(key);
    if (known) known.failures.push(failure);
    else groups.set(key, { tool: failure.tool, command: failure.command, failures: [failure], sessions: 0 });
  }
  for (const group of groups.values()) {
    group.sessions = new Set(group.failures.map((failure) => failure.session_id)).size;
  }
  return [...groups.values()];
}
