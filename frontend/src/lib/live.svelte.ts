import { agents } from './agents.svelte';
import { ApiError, fetchLiveSessions } from './api';
import { feed } from './feed.svelte';
import { sessions } from './sessions.svelte';
import { figures } from './stats.svelte';
import { stream, type Batch } from './stream.svelte';
import type { EventRow } from './types';

/** What the page as a whole has to show. */
export type Phase = 'loading' | 'failed' | 'empty' | 'ready';

/** How long the first load waits for the stream, so that no event falls between the two. */
const WAIT_MS = 1_200;

/** Brings the page up and keeps it true: the order of loading, resuming, and starting afresh. */
class Live {
  phase = $state<Phase>('loading');
  error = $state<string | null>(null);

  #loading = false;
  #again = false;
  /** What the server holds under the ids we know, to tell another database from this one. */
  readonly #stamps = new Map<number, string>();

  /** Starts everything; returns how to stop. */
  start(): () => void {
    const first = () => {
      if (this.phase === 'loading' && !this.#loading) void this.load();
    };
    const timer = setTimeout(first, WAIT_MS);
    const stop = stream.start({
      batch: (batch) => this.#batch(batch),
      // First the stream, then the rows: what happens in between comes by the stream.
      connected: () => void this.load(),
      // A server without a stream for us may still answer.
      lost: first,
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }

  /** Loads everything, or brings it up to date after a lost connection. */
  async load(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    try {
      const resumed = this.phase === 'ready';
      sessions.expect();
      const known = agents.load().catch(() => undefined);
      const [rows, events] = await Promise.all([fetchLiveSessions(), feed.load(), known]);
      if (this.#isOther(events.events, events.total)) this.#forget();
      sessions.replace(rows);
      feed.merge(events.events, resumed);
      for (const event of events.events) this.#note(event);
      this.error = null;
      this.phase = events.total > 0 || rows.length > 0 || feed.items.length > 0 ? 'ready' : 'empty';
      if (this.phase === 'ready') {
        void figures.refresh(true);
        void feed.backfill();
      }
    } catch (cause) {
      // A page that shows something keeps it: the connection's state says that it is not fresh.
      if (this.phase !== 'ready') {
        this.error = cause instanceof ApiError ? cause.message : 'Something unexpected happened.';
        this.phase = 'failed';
      }
    } finally {
      this.#loading = false;
      if (this.#again) {
        this.#again = false;
        void this.load();
      }
    }
  }

  /** The button of the failed state. */
  async retry(): Promise<void> {
    this.phase = 'loading';
    stream.retry();
    await this.load();
  }

  #batch(batch: Batch): void {
    for (const event of batch.events) this.#note(event);
    sessions.update(batch.sessions);
    feed.stream(batch.events);
    if (batch.stats) {
      figures.frame(batch.stats);
      // The stream stands although loading failed: what failed may work again.
      if (this.phase === 'failed') void this.load();
    }
    if (batch.events.length > 0 || batch.sessions.length > 0) {
      if (this.phase === 'empty') {
        this.phase = 'ready';
        void figures.refresh(true);
      } else figures.touch();
    }
  }

  #note(event: EventRow): void {
    stream.note(event.id);
    this.#stamps.set(event.id, event.created_at);
    if (this.#stamps.size > 1000) {
      const [oldest] = this.#stamps.keys();
      if (oldest !== undefined) this.#stamps.delete(oldest);
    }
  }

  /** Whether the answer comes from another database than the rows we hold. */
  #isOther(events: readonly EventRow[], total: number): boolean {
    if (this.#stamps.size > 0 && total === 0) return true;
    return events.some((event) => {
      const stamp = this.#stamps.get(event.id);
      return stamp !== undefined && stamp !== event.created_at;
    });
  }

  #forget(): void {
    this.#stamps.clear();
    stream.forget();
    feed.clear();
  }
}

export const live = new Live();
