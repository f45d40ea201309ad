import { ApiError, get, type Params } from './api';
import { lastTurns, mergeEntries, newOnes, type Entry } from './story';

/** Which entries are shown; every field that is set must match. */
export interface StoryFilter {
  type: string | null;
  tool: string | null;
  file: string | null;
  errors: boolean;
}

interface Page {
  entries: Entry[];
  next: string | null;
}

/** Entries asked for at once. */
const PAGE = 100;
/** Entries kept; those far from what is read are let go, and fetched again when they are wanted. */
export const MOST = 1_000;
/** Entries asked for again when the session goes on: the last ones may have learnt something since. */
const AGAIN = 12;

/** A part of a session's transcript: one stretch of it without holes, which grows at both ends. */
export class Transcript {
  entries = $state.raw<Entry[]>([]);
  phase = $state<'loading' | 'failed' | 'ready'>('loading');
  error = $state.raw<ApiError | null>(null);
  /** Nothing lies before, or behind, what is there. */
  atStart = $state(false);
  atEnd = $state(false);
  /** Which end is being fetched. */
  busy = $state<'earlier' | 'later' | null>(null);
  /** The last try to fetch more failed. */
  stuck = $state.raw<ApiError | null>(null);
  /** The event that was asked for is none of this session's. */
  missing = $state<number | null>(null);

  #turn = 0;
  #following = false;
  #again = false;

  constructor(
    readonly session: string,
    readonly filter: () => StoryFilter,
  ) {}

  /** Begins anew: around an event, at the end, or at the beginning. */
  async open(place: number | 'start' | 'end'): Promise<void> {
    const turn = ++this.#turn;
    this.phase = 'loading';
    this.busy = null;
    this.missing = null;
    this.stuck = null;
    try {
      const found = await this.#around(place);
      if (turn !== this.#turn) return;
      Object.assign(this, found);
      this.error = null;
      this.phase = 'ready';
    } catch (cause) {
      if (turn !== this.#turn) return;
      if (typeof place === 'number' && cause instanceof ApiError && cause.status === 400) {
        await this.open('start');
        this.missing = place;
        return;
      }
      this.error = asError(cause);
      this.phase = 'failed';
    }
  }

  async #around(place: number | 'start' | 'end'): Promise<Pick<Transcript, 'entries' | 'atStart' | 'atEnd'>> {
    if (place === 'end') {
      const page = await this.#ask({ order: 'desc' });
      const entries = page.entries.reverse();
      const { type, tool, file, errors } = this.filter();
      const last = (type ?? tool ?? file ?? errors) ? entries : lastTurns(entries);
      return { entries: last, atStart: page.next === null && last.length === entries.length, atEnd: true };
    }
    if (place === 'start') {
      const page = await this.#ask({});
      return { entries: page.entries, atStart: true, atEnd: page.next === null };
    }
    const [before, after] = await Promise.all([
      this.#ask({ at: place, order: 'desc', limit: PAGE / 4 }),
      this.#ask({ at: place }),
    ]);
    const earlier = newOnes(before.entries.reverse(), after.entries);
    return {
      entries: [...earlier, ...after.entries],
      atStart: before.next === null,
      atEnd: after.next === null,
    };
  }

  #ask(params: Params): Promise<Page> {
    const { type, tool, file, errors } = this.filter();
    return get<Page>(`/api/v2/sessions/${encodeURIComponent(this.session)}/transcript`, {
      type,
      tool,
      file,
      errors: errors ? 1 : null,
      limit: PAGE,
      ...params,
    });
  }

  /** Fetches what lies before. */
  async earlier(): Promise<void> {
    await this.#grow('earlier', this.entries[0]);
  }

  /** Fetches what lies behind. */
  async later(): Promise<void> {
    await this.#grow('later', this.entries[this.entries.length - 1]);
  }

  async #grow(side: 'earlier' | 'later', edge: Entry | undefined): Promise<void> {
    const later = side === 'later';
    if (!edge || this.busy || this.phase !== 'ready' || (later ? this.atEnd : this.atStart)) return;
    const turn = this.#turn;
    this.busy = side;
    this.stuck = null;
    try {
      const page = await this.#ask({ at: edge.id, order: later ? null : 'desc', limit: PAGE + 1 });
      if (turn !== this.#turn) return;
      const fresh = newOnes(page.entries, this.entries);
      const done = page.next === null;
      if (later) {
        const all = [...this.entries, ...fresh];
        this.entries = all.slice(-MOST);
        if (all.length > MOST) this.atStart = false;
        this.atEnd = done;
      } else {
        const all = [...fresh.reverse(), ...this.entries];
        this.entries = all.slice(0, MOST);
        if (all.length > MOST) this.atEnd = false;
        this.atStart = done;
      }
    } catch (cause) {
      if (turn === this.#turn) this.stuck = asError(cause);
    } finally {
      if (turn === this.#turn) this.busy = null;
    }
  }

  /**
   * The session went on: fetches what is new when the end is there. Says how many entries came, or null
   * when the end lies elsewhere.
   */
  async follow(): Promise<number | null> {
    if (this.phase !== 'ready' || !this.atEnd) return null;
    if (this.#following) {
      this.#again = true;
      return 0;
    }
    this.#following = true;
    const turn = this.#turn;
    let came = 0;
    try {
      do {
        this.#again = false;
        came += await this.#append(turn);
      } while (this.#again && turn === this.#turn);
    } catch {
      // The stream says when the connection is back, and everything is asked for again.
    } finally {
      this.#following = false;
    }
    return came;
  }

  async #append(turn: number): Promise<number> {
    const from = this.entries[Math.max(0, this.entries.length - AGAIN)];
    const page = await this.#ask(from ? { at: from.id, limit: PAGE * 2 } : {});
    if (turn !== this.#turn) return 0;
    const before = this.entries.length;
    const all = mergeEntries(this.entries, page.entries);
    this.entries = all.slice(-MOST);
    if (all.length > MOST) this.atStart = false;
    this.atEnd = page.next === null;
    return all.length - before;
  }
}

function asError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  console.error(cause);
  return new ApiError('Something unexpected happened.', 0);
}
