import { ApiError, get, type Params } from './api';
import type { Hit, SearchPage } from './schema';

const PAGE = 40;

/** What a search found, page by page. A newer question calls off the one before. */
export class Hits {
  rows = $state.raw<Hit[]>([]);
  phase = $state<'idle' | 'loading' | 'failed' | 'ready'>('idle');
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  next = $state<string | null>(null);
  /** Events that the index does not hold yet. */
  behind = $state(0);
  /** Why the index does not follow, and what to do. */
  problem = $state<string | null>(null);

  #params: Params = {};
  #abort: AbortController | null = null;

  /** Searches anew. */
  async search(params: Params): Promise<void> {
    this.#params = params;
    if (this.phase !== 'ready') this.phase = 'loading';
    await this.#page(null);
  }

  /** Asks for the next page. */
  async grow(): Promise<void> {
    if (this.busy || this.next === null) return;
    await this.#page(this.next);
  }

  /** Forgets everything. */
  clear(): void {
    this.#abort?.abort();
    this.rows = [];
    this.phase = 'idle';
    this.busy = false;
  }

  async #page(cursor: string | null): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    try {
      const page = await get<SearchPage>(
        '/api/v2/search',
        { ...this.#params, limit: PAGE, cursor },
        abort.signal,
      );
      this.rows = cursor === null ? page.results : [...this.rows, ...page.results];
      this.next = page.next;
      this.behind = page.behind;
      this.problem = page.problem;
      this.error = null;
      this.phase = 'ready';
    } catch (cause) {
      if (abort.signal.aborted) return;
      this.error = cause instanceof ApiError ? cause : new ApiError('Something unexpected happened.', 0);
      // Further pages that fail leave what is there.
      if (cursor === null) this.phase = 'failed';
    }
    this.busy = false;
  }
}
