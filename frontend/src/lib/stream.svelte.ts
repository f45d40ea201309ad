import { Connection, type Link, type Source, type SourceEvents } from './connection';
import { query } from './api';
import type { EventRow, Frame, SessionRow, Stats } from './types';

/** What came since the last delivery. */
export interface Batch {
  events: EventRow[];
  sessions: SessionRow[];
  stats: Stats | null;
}

/** Who is told about the stream. */
export interface StreamListener {
  batch(batch: Batch): void;
  /** The stream stands, for the first time or again. */
  connected(again: boolean): void;
  /** A try failed. */
  lost(): void;
}

/** Frames are delivered together: a burst of events draws the page once, not once for each. */
const DELIVER_MS = 100;
/** Faster than anybody reads: then they come in larger parts, and the page stays quick. */
const FLOOD = 100;
const FLOOD_MS = 300;
/** A tab nobody has looked at for this long closes its stream. */
const HIDDEN_MS = 30_000;

function openSource(lastId: number | null, events: SourceEvents): Source {
  // The position goes into the address because EventSource cannot send a header of our choice.
  const source = new EventSource(`/api/stream${query({ sessions: 1, last_event_id: lastId })}`);
  source.onmessage = (message: MessageEvent<string>) => events.message(message.data, message.lastEventId);
  source.onerror = () => events.error();
  return source;
}

/** The one store of the live stream: its state, and the frames to whoever listens. */
class Stream {
  link = $state<Link>('connecting');
  /** When the stream was lost, while it is. */
  lostAt = $state<number | null>(null);

  #listener: StreamListener | null = null;
  #everConnected = false;
  #pending: Batch = { events: [], sessions: [], stats: null };
  #pace = DELIVER_MS;
  #delivery: ReturnType<typeof setTimeout> | undefined;
  #hidden: ReturnType<typeof setTimeout> | undefined;

  readonly #connection = new Connection({
    open: openSource,
    after: (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
    now: () => Date.now(),
    random: () => Math.random(),
    frame: (frame) => this.#frame(frame),
    link: (link) => this.#changed(link),
  });

  /** Whether what is shown is up to date. */
  get live(): boolean {
    return this.link === 'streaming';
  }

  /** Opens the stream and follows the tab's visibility; returns how to stop. */
  start(listener: StreamListener): () => void {
    this.#listener = listener;
    const seen = () => this.#visibility();
    const online = () => this.retry();
    document.addEventListener('visibilitychange', seen);
    window.addEventListener('online', online);
    this.#connection.open();
    this.#visibility();
    return () => {
      document.removeEventListener('visibilitychange', seen);
      window.removeEventListener('online', online);
      clearTimeout(this.#hidden);
      this.#connection.sleep();
    };
  }

  /** Tries again now. */
  retry(): void {
    if (!document.hidden) this.#connection.retry();
  }

  /** Notes events that were fetched: a resumed stream starts after them. */
  note(id: number): void {
    this.#connection.note(id);
  }

  /** Forgets the position, when the server turns out to have another database. */
  forget(): void {
    this.#connection.forget();
  }

  #visibility(): void {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = setTimeout(() => this.#connection.sleep(), HIDDEN_MS);
    } else if (this.link !== 'connecting') {
      this.#connection.retry();
    }
  }

  #changed(link: Link): void {
    this.link = link;
    if (link === 'streaming') {
      this.lostAt = null;
      const again = this.#everConnected;
      this.#everConnected = true;
      this.#listener?.connected(again);
    } else if (link === 'reconnecting' || link === 'disconnected') {
      this.lostAt ??= Date.now();
      this.#listener?.lost();
    }
  }

  #frame(frame: Frame): void {
    if (frame.type === 'event') this.#pending.events.push(frame.payload);
    else if (frame.type === 'session') this.#pending.sessions.push(frame.payload);
    else if (frame.type === 'stats') this.#pending.stats = frame.payload;
    else return;
    if (this.#delivery === undefined) this.#delivery = setTimeout(() => this.#deliver(), this.#pace);
  }

  #deliver(): void {
    this.#delivery = undefined;
    const batch = this.#pending;
    this.#pace = batch.events.length > FLOOD ? FLOOD_MS : DELIVER_MS;
    this.#pending = { events: [], sessions: [], stats: null };
    this.#listener?.batch(batch);
  }
}

export const stream = new Stream();
