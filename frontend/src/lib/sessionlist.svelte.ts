import { ApiError, get, type Params } from './api';
import { newRows } from './hits';
import type { SessionPage } from './schema';
import type { SessionRow } from './types';

/** Rows asked for at once. */
const PAGE = 100;

/** A list of sessions that grows page by page. A newer question calls off the one before. */
export class SessionList {
  rows = $state.raw<SessionRow[]>([]);
  total = $state(0);
  phase = $state<'loading' | 'failed' | 'ready'>('loading');
  error = $state.raw<ApiError | null>(null);
  /** A page is on its way: the first one anew, or a further one. */
  busy = $state<'first' | 'more' | null>(null);
  /** The last try for a further page failed. */
  stuck = $state.raw<ApiError | null>(null);
  /** Something happened that the list does not show. */
  behind = $state(false);

  #next: string | null = null;
  #params: Params = {};
  #turn = 0;

  /** Whether there are further rows. */
  get more(): boolean {
    return this.rows.length < this.total && this.#next !== null;
  }

  /** Asks for the first page. */
  async load(params: Params): Promise<void> {
    const turn = ++this.#turn;
    this.#params = params;
    this.busy = 'first';
    this.stuck = null;
    try {
      const page = await get<SessionPage>('/api/v2/sessions', { ...params, limit: PAGE });
      if (turn !== this.#turn) return;
      this.rows = page.sessions;
      this.total = page.total;
      this.#next = page.next;
      this.error = null;
      this.behind = false;
      this.phase = 'ready';
    } catch (cause) {
      if (turn !== this.#turn) return;
      this.error = asError(cause);
      this.phase = 'failed';
    }
    this.busy = null;
  }

  /** Asks again for the first page, without a sign of it. */
  async refresh(): Promise<void> {
    await this.load(this.#params);
  }

  /** Asks for the next page. */
  async grow(): Promise<void> {
    if (this.busy || this.#next === null || this.phase !== 'ready') return;
    const turn = this.#turn;
    this.busy = 'more';
    this.stuck = null;
    try {
      const page = await get<SessionPage>('/api/v2/sessions', {
        ...this.#params,
        limit: PAGE,
        cursor: this.#next,
      });
      if (turn !== this.#turn) return;
      this.rows = [...this.rows, ...newRows(page.sessions, this.rows)];
      this.total = page.total;
      this.#next = page.next;
    } catch (cause) {
      if (turn === this.#turn) this.stuck = asError(cause);
    } finally {
      if (turn === this.#turn) this.busy = null;
    }
  }
}

function asError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  console.error(cause);
  return new ApiError('Something unexpected happened.', 0);
}
