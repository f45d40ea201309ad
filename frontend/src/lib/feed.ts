import type { FeedItem, Kind } from './describe';
import type { EventRow } from './types';

/** What the feed shows; null lets everything pass. */
export interface FeedFilter {
  kind: Kind | null;
  agent: string | null;
  project: string | null;
  tool: string | null;
  type: string | null;
}

/** Rows the feed keeps; older ones are on the server. */
export const FEED_LIMIT = 5000;

/** Newest first, by the events' own time, then by arrival: the order the server uses. */
export function newestFirst(a: FeedItem, b: FeedItem): number {
  return b.time - a.time || b.id - a.id;
}

/**
 * The feed's rows in order, each event once. While it is paused new events are held beside the list,
 * so that what is being read stands still.
 */
export class FeedBuffer {
  #items: FeedItem[] = [];
  #held: FeedItem[] = [];
  readonly #known = new Set<number>();
  #paused = false;

  constructor(readonly limit = FEED_LIMIT) {}

  /** The rows, newest first. A new array after each change. */
  get items(): readonly FeedItem[] {
    return this.#items;
  }

  /** What came while paused, newest first. */
  get held(): readonly FeedItem[] {
    return this.#held;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Adds events and returns those that are new. `past` rows (asked for, not streamed) are never held. */
  add(batch: readonly FeedItem[], past = false): FeedItem[] {
    const fresh: FeedItem[] = [];
    for (const item of batch) {
      if (this.#known.has(item.id)) continue;
      this.#known.add(item.id);
      fresh.push(item);
    }
    if (fresh.length === 0) return fresh;
    if (this.#paused && !past) this.#held = this.#merge(this.#held, fresh);
    else this.#items = this.#merge(this.#items, fresh);
    return fresh;
  }

  /** Holds what comes from now on. */
  pause(): void {
    this.#paused = true;
  }

  /** Lets the held events in. */
  resume(): void {
    this.#paused = false;
    if (this.#held.length === 0) return;
    this.#items = this.#merge(this.#items, this.#held);
    this.#held = [];
  }

  /** Forgets every row, but not whether it is paused. */
  clear(): void {
    this.#items = [];
    this.#held = [];
    this.#known.clear();
  }

  #merge(into: readonly FeedItem[], batch: readonly FeedItem[]): FeedItem[] {
    const sorted = [...batch].sort(newestFirst);
    const last = sorted[sorted.length - 1];
    const first = into[0];
    // Nearly always everything new is newer than what is there.
    const merged =
      !first || (last && newestFirst(last, first) < 0)
        ? [...sorted, ...into]
        : [...sorted, ...into].sort(newestFirst);
    for (const dropped of merged.slice(this.limit)) this.#known.delete(dropped.id);
    return merged.length > this.limit ? merged.slice(0, this.limit) : merged;
  }
}

/** Whether an item passes every filter but the kind. */
export function matches(item: FeedItem, filter: FeedFilter): boolean {
  return (
    (filter.agent === null || item.agent === filter.agent) &&
    (filter.project === null || item.project === filter.project) &&
    (filter.tool === null || item.tool === filter.tool) &&
    (filter.type === null || item.type === filter.type)
  );
}

/** The items that pass, with a count for each chip under the other filters. */
export function applyFilter(
  items: readonly FeedItem[],
  filter: FeedFilter,
): { rows: readonly FeedItem[]; counts: Record<Kind, number>; total: number } {
  const counts: Record<Kind, number> = { tools: 0, model: 0, files: 0, prompts: 0, errors: 0 };
  const open = [filter.agent, filter.project, filter.tool, filter.type].every((value) => value === null);
  const base = open ? items : items.filter((item) => matches(item, filter));
  for (const item of base) for (const kind of item.kinds) counts[kind] += 1;
  const { kind } = filter;
  const rows = kind === null ? base : base.filter((item) => item.kinds.includes(kind));
  return { rows, counts, total: base.length };
}

/** How many items lie within the last minute. */
export function perMinute(items: readonly FeedItem[], now: number): number {
  const from = now - 60_000;
  let n = 0;
  for (const item of items) {
    if (item.time <= from) break;
    n += 1;
  }
  return n;
}

/** The distinct values of a field, sorted, with the chosen one even when no row has it. */
export function optionsOf(
  items: readonly FeedItem[],
  field: 'agent' | 'project' | 'tool' | 'type',
  chosen: string | null,
): string[] {
  const values = new Set<string>();
  if (chosen) values.add(chosen);
  for (const item of items) {
    const value = item[field];
    if (value) values.add(value);
  }
  return [...values].sort((a, b) => a.localeCompare(b));
}

/** Ids are given in the order of arrival, but two that come at once can swap their stamps. */
const STAMP_SLACK_MS = 5000;

/**
 * Whether an answer comes from another database than what the page holds: the server was started on
 * another file, or rows were deleted. Ids would then mean other events.
 */
export function isOtherDatabase(
  newest: EventRow | null,
  held: number,
  answer: { events: readonly EventRow[]; total: number },
): boolean {
  if (!newest) return false;
  if (answer.total < held) return true;
  const latest = Date.parse(newest.created_at) + STAMP_SLACK_MS;
  return answer.events.some((row) =>
    row.id === newest.id
      ? row.created_at !== newest.created_at
      : row.id < newest.id && Date.parse(row.created_at) > latest,
  );
}
