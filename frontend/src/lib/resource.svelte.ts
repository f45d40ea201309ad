import { untrack } from 'svelte';
import { ApiError } from './api';
import { onChange, type Change } from './changes';

/** Something a page asks the server for. */
export interface Resource<T> {
  /** The last good answer; stays while a newer one is on its way, and when that fails. */
  readonly data: T | undefined;
  /** Why the last try failed; null when it did not. */
  readonly error: ApiError | null;
  /** A request is on its way. */
  readonly loading: boolean;
  /** What is shown was asked for with other filters than those of now. */
  readonly stale: boolean;
  /** Asks again now. */
  reload(): Promise<void>;
}

/** When a resource is asked for anew. */
export interface ResourceOptions {
  /** Follow the live stream: every change, or those that it says matter. */
  live?: boolean | ((change: Change) => boolean);
  /** At most one refresh by the stream in this time, in milliseconds. */
  gap?: number;
  /** Another key is another thing: its data never stands in for this one's. */
  key?: () => unknown;
}

const GAP_MS = 3_000;
/** A question that took long is asked less often: at most this share of the time is spent waiting. */
const SHARE = 10;

/**
 * Loads something and keeps it true while the component lives. What `load` reads before its first
 * `await` are its filters: when they change it is asked again, and an answer that is still on its way
 * is called off. Call it while a component is set up.
 *
 *     const usage = resource((signal) => get<Usage>('/api/v2/usage', { by: query.value.by }, signal));
 */
export function resource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  options: ResourceOptions = {},
): Resource<T> {
  const store = new Store(load, options.gap ?? GAP_MS);
  let key: unknown;
  $effect(() => {
    const next = options.key?.();
    if (next !== key) untrack(() => store.clear());
    key = next;
    // Synchronous up to its first await, so that the filters it reads are followed.
    const asked = store.begin();
    untrack(() => void store.finish(asked));
  });
  $effect(() => {
    const { live } = options;
    const matters = typeof live === 'function' ? live : () => live === true;
    const stop = onChange((change) => {
      if (change.all ? Boolean(live) : matters(change)) store.touch();
    });
    const seen = () => store.seen();
    document.addEventListener('visibilitychange', seen);
    return () => {
      stop();
      document.removeEventListener('visibilitychange', seen);
      store.stop();
    };
  });
  return store;
}

interface Asked<T> {
  turn: number;
  at: number;
  answer: Promise<T>;
}

class Store<T> implements Resource<T> {
  data = $state.raw<T | undefined>(undefined);
  error = $state.raw<ApiError | null>(null);
  loading = $state(true);
  stale = $state(false);

  #turn = 0;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endedAt = 0;
  #wait: number;
  #dirty = false;

  constructor(
    readonly load: (signal: AbortSignal) => Promise<T>,
    readonly gap: number,
  ) {
    this.#wait = gap;
  }

  clear(): void {
    this.data = undefined;
    this.error = null;
  }

  begin(fresh = true): Asked<T> {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dirty = false;
    this.#abort = new AbortController();
    const answer = this.load(this.#abort.signal);
    const turn = ++this.#turn;
    untrack(() => {
      this.loading = true;
      if (fresh) this.stale = this.data !== undefined;
    });
    return { turn, at: Date.now(), answer };
  }

  async finish({ turn, at, answer }: Asked<T>): Promise<void> {
    try {
      const data = await answer;
      if (turn !== this.#turn) return;
      this.data = data;
      this.error = null;
      this.stale = false;
    } catch (cause) {
      if (turn !== this.#turn) return;
      this.error = cause instanceof ApiError ? cause : new ApiError('Something unexpected happened.', 0);
      if (!(cause instanceof ApiError)) console.error(cause);
    }
    this.loading = false;
    this.#abort = null;
    this.#endedAt = Date.now();
    this.#wait = Math.max(this.gap, (this.#endedAt - at) * SHARE);
    if (this.#dirty) this.touch();
  }

  async reload(): Promise<void> {
    await this.finish(this.begin(false));
  }

  /** Something happened: ask again soon, but not too often, and not while nobody looks. */
  touch(): void {
    this.#dirty = true;
    if (this.#abort || this.#timer !== undefined || document.hidden) return;
    const wait = Math.max(0, this.#endedAt + this.#wait - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // The tab may have been hidden meanwhile; it is asked when somebody looks again.
      if (!document.hidden) void this.reload();
    }, wait);
  }

  /** The tab was shown or hidden. */
  seen(): void {
    if (!document.hidden && this.#dirty) this.touch();
  }

  stop(): void {
    this.#turn += 1;
    this.#abort?.abort();
    clearTimeout(this.#timer);
  }
}
