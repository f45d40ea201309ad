import { ApiError, get } from './api';
import type { Turn } from './story';

interface Page {
  turns: Turn[];
  next: string | null;
}

const PAGE = 200;
/** More turns than this are not drawn one by one; the transcript still has them. */
export const MOST_TURNS = 2_000;

/** The turns of a session. When it goes on only the last page is asked for again. */
export class Turns {
  all = $state.raw<Turn[]>([]);
  phase = $state<'loading' | 'failed' | 'ready'>('loading');
  error = $state.raw<ApiError | null>(null);
  /** There are more than are held. */
  more = $state(false);

  #lastPage: string | null = null;
  #before: Turn[] = [];
  #run: Promise<void> | null = null;
  #dirty = false;

  constructor(readonly session: string) {}

  /** Loads all turns, or brings the last ones up to date. */
  load(): Promise<void> {
    this.#dirty = true;
    this.#run ??= this.#loop().finally(() => (this.#run = null));
    return this.#run;
  }

  async #loop(): Promise<void> {
    try {
      while (this.#dirty) {
        this.#dirty = false;
        await this.#load();
      }
      this.error = null;
      this.phase = 'ready';
    } catch (cause) {
      this.error = cause instanceof ApiError ? cause : new ApiError('Something unexpected happened.', 0);
      if (this.phase === 'loading') this.phase = 'failed';
    }
  }

  async #load(): Promise<void> {
    let before = this.#before;
    let cursor = this.#lastPage;
    for (;;) {
      const path = `/api/v2/sessions/${encodeURIComponent(this.session)}/turns`;
      const page = await get<Page>(path, { spans: 1, limit: PAGE, cursor });
      this.#before = before;
      this.#lastPage = cursor;
      this.all = [...before, ...page.turns];
      this.more = page.next !== null;
      if (page.next === null || this.all.length >= MOST_TURNS) return;
      before = this.all;
      cursor = page.next;
    }
  }
}
