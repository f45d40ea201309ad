import { agents } from './agents.svelte';
import { ApiError, fetchLiveSessions } from './api';
import { announce, anybodyListens } from './changes';
import { isOtherDatabase } from './feed';
import { feed } from './feed.svelte';
import { sessions } from './sessions.svelte';
import { figures } from './stats.svelte';
import { stream, type Batch } from './stream.svelte';
import type { EventRow } from './types';

/** What the page as a whole has to show. */
export type Phase = 'loading' | 'failed' | 'empty' | 'ready';

/** How long the first load waits for the stream, so that no event falls between the two. */
const WAIT_MS = 1_200;
/** How often a page that could not be filled asks again by itself. */
const RETRY_MS = 10_000;

/** Brings the page up and keeps it true: the order of loading, resuming, and starting afresh. */
class Live {
  phase = $state<Phase>('loading');
  error = $state.raw<ApiError | null>(null);

  #loading = false;
  #again = false;
  #failedAt = 0;
  /** The newest event that was seen, to tell another database from this one. */
  #newest: EventRow | null = null;

  /** Starts everything; returns how to stop. */
  start(): () => void {
    const first = () => {
      if (this.phase === 'loading' && !this.#loading) void this.load();
    };
    const timer = setTimeout(first, WAIT_MS);
    const stop = stream.start({
      batch: (batch) => this.#batch(batch),
      // First the stream, then the rows: what happens in between comes by the stream.
      connected: () => {
        void this.load();
        announce({ sessions: new Set(), all: true });
      },
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
      const [rows, events] = await Promise.all([fetchLiveSessions(), known.then(() => feed.load())]);
      const held = feed.items.length + feed.held.length;
      if (isOtherDatabase(this.#newest, held, events)) this.#forget();
      sessions.replace(rows);
      feed.merge(events.events, resumed);
      for (const event of events.events) this.#note(event);
      this.error = null;
      this.phase = events.total > 0 || rows.length > 0 || feed.items.length > 0 ? 'ready' : 'empty';
      if (this.phase === 'ready') {
        void figures.refresh();
        void feed.backfill();
      }
    } catch (cause) {
      // A page that shows something keeps it: the connection's state says that it is not fresh.
      if (this.phase !== 'ready') {
        this.error = cause instanceof ApiError ? cause : new ApiError('Something unexpected happened.', 0);
        this.phase = 'failed';
        this.#failedAt = Date.now();
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
      if (this.phase === 'failed' && Date.now() - this.#failedAt > RETRY_MS) void this.load();
    }
    if (batch.events.length > 0 || batch.sessions.length > 0) {
      if (anybodyListens()) {
        const spoken = [...batch.events.map((row) => row.session_id), ...batch.sessions.map((row) => row.id)];
        announce({ sessions: new Set(spoken), all: false });
      }
      if (this.phase === 'empty') {
        this.phase = 'ready';
        void figures.refresh();
      } else figures.touch();
    }
  }

  #note(event: EventRow): void {
    stream.note(event.id);
    if (!this.#newest || event.id > this.#newest.id) this.#newest = event;
  }

  #forget(): void {
    this.#newest = null;
    stream.forget();
    feed.clear();
  }
}

export const live = new Live();
