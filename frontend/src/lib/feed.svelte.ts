import { Activity } from './activity';
import { agents } from './agents.svelte';
import { address } from './address.svelte';
import { fetchEvents } from './api';
import { describe, type FeedItem } from './describe';
import { withContexts, type Context } from './context';
import { applyFilter, FeedBuffer, matches } from './feed';
import type { EventRow } from './types';

const BACKFILL_ROWS = 2000;

/** The event feed and, from the same events, each session's activity. */
class Feed {
  readonly #buffer = new FeedBuffer();
  readonly #activity = new Activity();

  items = $state.raw<readonly FeedItem[]>([]);
  held = $state.raw<readonly FeedItem[]>([]);
  paused = $state(false);
  /** Each session's context after its last request: tokens, and when. */
  contexts = $state.raw<Readonly<Record<string, Context>>>({});
  /** Whether rows for a newly chosen filter are on their way. */
  fetching = $state(false);
  #activityVersion = $state(0);

  readonly view = $derived(applyFilter(this.items, address.current));
  /** How many held events would show under the present filter. */
  readonly heldCount = $derived(applyFilter(this.held, address.current).rows.length);

  /** Adds events from the stream. */
  stream(rows: readonly EventRow[]): void {
    this.#take(rows, false);
  }

  /** Asks for the newest events, and how many the server has in all. */
  load(): Promise<{ total: number; events: EventRow[] }> {
    return fetchEvents({ limit: agents.firstRows });
  }

  /** On a busy machine the first rows span less time than the activity bars: asks for the rest. */
  async backfill(): Promise<void> {
    const from = Date.now() - this.#activity.length * 60_000;
    const oldest = this.items[this.items.length - 1];
    if (this.items.length < agents.firstRows || !oldest || oldest.time < from) return;
    try {
      const since = new Date(from).toISOString();
      this.#take((await fetchEvents({ limit: BACKFILL_ROWS, since })).events, true);
    } catch {
      // The bars then show what was seen.
    }
  }

  /** Adds fetched events. Those `missed` while the connection was lost are held by a paused feed. */
  merge(rows: readonly EventRow[], missed: boolean): void {
    this.#take(rows, !missed);
  }

  /** When a filter is set, what memory holds may be little of it: the server has more. */
  async deepen(): Promise<void> {
    const { agent, project, tool, type } = address.current;
    if ([agent, project, tool, type].every((value) => value === null)) return;
    if (this.items.filter((item) => matches(item, address.current)).length >= agents.firstRows) return;
    this.fetching = true;
    try {
      const answer = await fetchEvents({
        limit: agents.firstRows,
        agent_type: agent,
        project,
        tool_name: tool,
        event_type: type,
      });
      this.#take(answer.events, true);
    } catch {
      // What memory holds is still shown; the connection's state tells of a server that is gone.
    } finally {
      this.fetching = false;
    }
  }

  /** Pauses, or lets in what was held. */
  toggle(): void {
    if (this.#buffer.paused) this.#buffer.resume();
    else this.#buffer.pause();
    this.#publish();
  }

  /** Forgets everything: the server has another database. */
  clear(): void {
    this.#buffer.clear();
    this.#activity.clear();
    this.contexts = {};
    this.#activityVersion += 1;
    this.#publish();
  }

  /** Events a minute of a session up to now. */
  bars(session: string, now: number): number[] {
    void this.#activityVersion; // read, so that new events redraw the bars
    return this.#activity.bars(session, now);
  }

  #take(rows: readonly EventRow[], past: boolean): void {
    const fresh = this.#buffer.add(rows.map(describe), past);
    if (fresh.length === 0) return;
    for (const item of fresh) this.#activity.add(item.session, item.time);
    this.contexts = withContexts(this.contexts, fresh);
    this.#activityVersion += 1;
    this.#publish();
  }

  #publish(): void {
    this.items = this.#buffer.items;
    this.held = this.#buffer.held;
    this.paused = this.#buffer.paused;
  }
}

export const feed = new Feed();
