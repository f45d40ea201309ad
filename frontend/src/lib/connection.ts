import type { Frame } from './types';

/** How the page stands to the server's stream. */
export type Link = 'connecting' | 'streaming' | 'reconnecting' | 'disconnected' | 'asleep';

/** An open stream; `EventSource` in the browser. */
export interface Source {
  close(): void;
}

/** What an open stream reports. */
export interface SourceEvents {
  message(data: string, id: string): void;
  error(): void;
}

/** What the client needs of its surroundings, so that a test can be them. */
export interface ConnectionHost {
  open(lastId: number | null, events: SourceEvents): Source;
  /** Calls back after a while; returns how to call it off. */
  after(ms: number, then: () => void): () => void;
  now(): number;
  random(): number;
  frame(frame: Frame): void;
  link(link: Link): void;
}

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 15_000;
/** Failed tries in a row after which the page says that it is disconnected. */
const TRIES_BEFORE_DISCONNECTED = 3;
/** A connection that lived this long starts the delays from the beginning when it goes. */
const STABLE_MS = 5_000;
/** Without any frame for this long, and for four times the usual gap, a stream counts as dead. */
const SILENCE_MS = 20_000;
/** How long a try may take to get its first frame. */
const OPEN_MS = 10_000;

/** The delay before try number `attempt` (from 0), spread so that many tabs do not come at once. */
export function delayFor(attempt: number, random: number): number {
  const full = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return Math.round(full * (0.75 + random * 0.5));
}

/** Reads one frame; null when it is not one. */
export function parseFrame(data: string): Frame | null {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    return typeof value.type === 'string' ? (value as Frame) : null;
  } catch {
    return null;
  }
}

/**
 * Keeps one stream to the server: opens it, tells when it is lost, tries again with growing delays and
 * resumes after the last event it saw. It does its own retries because the browser's would not move
 * the position in the address.
 */
export class Connection {
  #source: Source | null = null;
  #lastId: number | null = null;
  #attempt = 0;
  #openedAt: number | null = null;
  #frameAt = 0;
  #gap = 0;
  #statsAt: number | null = null;
  #generation = 0;
  #cancel: () => void = () => undefined;
  #link: Link = 'connecting';

  constructor(readonly host: ConnectionHost) {}

  /** The newest event seen; a resumed stream starts after it. */
  get lastId(): number | null {
    return this.#lastId;
  }

  get link(): Link {
    return this.#link;
  }

  /** Opens the stream, at once and whatever it was doing. */
  open(): void {
    this.#drop();
    const generation = this.#generation;
    const mine = () => generation === this.#generation;
    this.#openedAt = null;
    this.#cancel = this.host.after(OPEN_MS, () => {
      if (mine()) this.#lost();
    });
    this.#source = this.host.open(this.#lastId, {
      message: (data, id) => {
        if (mine()) this.#message(data, id);
      },
      error: () => {
        if (mine()) this.#lost();
      },
    });
  }

  /** Tries again now instead of when the delay is over; does nothing to a stream that works. */
  retry(): void {
    if (this.#link === 'streaming') return;
    if (this.#link === 'asleep') this.#say('reconnecting');
    this.open();
  }

  /** Closes the stream because nobody looks; `retry` wakes it. */
  sleep(): void {
    this.#drop();
    this.#attempt = 0;
    this.#say('asleep');
  }

  /** Notes an event that came another way, so that a resumed stream does not bring it again. */
  note(id: number): void {
    if (Number.isFinite(id) && (this.#lastId === null || id > this.#lastId)) this.#lastId = id;
  }

  /** Forgets the position: the server has another database. */
  forget(): void {
    this.#lastId = null;
  }

  #message(data: string, id: string): void {
    const frame = parseFrame(data);
    if (!frame) return;
    const now = this.host.now();
    this.#frameAt = now;
    if (id !== '') this.note(Number(id));
    if (frame.type === 'event') this.note(frame.payload.id);
    if (frame.type === 'stats') {
      if (this.#statsAt !== null) this.#gap = now - this.#statsAt;
      this.#statsAt = now;
    }
    if (this.#openedAt === null) {
      this.#openedAt = now;
      this.#statsAt = null;
      this.#say('streaming');
      this.#watch();
    }
    this.host.frame(frame);
  }

  /** A stream can die without a word (the machine slept, a proxy forgot it): silence tells. */
  #watch(): void {
    this.#cancel();
    const generation = this.#generation;
    this.#cancel = this.host.after(SILENCE_MS / 4, () => {
      if (generation !== this.#generation) return;
      const quiet = this.host.now() - this.#frameAt;
      // Before two stats frames came nothing is known about the usual gap, so silence says nothing.
      if (this.#gap > 0 && quiet > Math.max(SILENCE_MS, this.#gap * 4)) this.#lost();
      else this.#watch();
    });
  }

  #lost(): void {
    const lived = this.#openedAt === null ? 0 : this.host.now() - this.#openedAt;
    if (lived >= STABLE_MS) this.#attempt = 0;
    this.#drop();
    const attempt = this.#attempt++;
    this.#say(attempt + 1 >= TRIES_BEFORE_DISCONNECTED ? 'disconnected' : 'reconnecting');
    this.#cancel = this.host.after(delayFor(attempt, this.host.random()), () => this.open());
  }

  #drop(): void {
    this.#generation += 1;
    this.#cancel();
    this.#source?.close();
    this.#source = null;
  }

  #say(link: Link): void {
    if (link === this.#link) return;
    this.#link = link;
    this.host.link(link);
  }
}
