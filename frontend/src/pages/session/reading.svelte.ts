import { tick } from 'svelte';
import { get } from '../../lib/api';
import type { Transcript } from '../../lib/transcript.svelte';
import type { Turns } from '../../lib/turns.svelte';

/** What stands over the page's top: the bar, and the transcript's own head. */
const TOP = 104;
const FLASH_MS = 2_400;

/** Frames for which a jump is held: what was only guessed to be so high is drawn meanwhile, and moves it. */
const HOLD = 20;
let held = 0;

/** Scrolls to a place until it stays there, or until a hand scrolls elsewhere. */
function settle(scroll: () => void): void {
  const mine = ++held;
  const stop = () => {
    if (mine === held) held += 1;
  };
  const hands = ['wheel', 'touchstart', 'keydown', 'pointerdown'] as const;
  let left = HOLD;
  const again = () => {
    if (mine !== held || left-- === 0) {
      hands.forEach((name) => window.removeEventListener(name, stop));
      return;
    }
    scroll();
    requestAnimationFrame(again);
  };
  hands.forEach((name) => window.addEventListener(name, stop, { passive: true }));
  again();
}

/** Where somebody reads in a transcript: jumps, what is open, and what came meanwhile. */
export class Reading {
  /** Calls that were opened or closed by hand. */
  hands = $state.raw<Readonly<Record<number, boolean>>>({});
  /** The event that was jumped to. */
  flash = $state<number | null>(null);
  /** The turn that is read; null before anything was scrolled. */
  turn = $state<number | null>(null);
  /** How many entries came below what is read. */
  unseen = $state(0);
  /** Said to those who listen. */
  said = $state('');

  list = $state.raw<HTMLElement>();
  end = $state.raw<HTMLElement>();
  #at: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #jump = 0;

  constructor(
    readonly transcript: Transcript,
    readonly turns: Turns,
  ) {}

  hand(id: number, open: boolean): void {
    this.hands = { ...this.hands, [id]: open };
  }

  /** The place that an address names: an event, or the first event of a turn. */
  placeOf(hash: string): number | null {
    const [, kind, digits] = /^#(event|turn)-(\d{1,15})$/.exec(hash) ?? [];
    if (kind === 'event') return Number(digits);
    if (kind !== 'turn') return null;
    return this.turns.all.find((turn) => turn.number === Number(digits))?.first_event ?? null;
  }

  /** Shows an event, wherever in the session it lies. */
  async goTo(id: number): Promise<void> {
    const jump = ++this.#jump;
    const known = () => this.transcript.entries.some((entry) => entry.id === id);
    if (!known()) await this.transcript.open(id);
    if (jump !== this.#jump || this.transcript.missing === id) return;
    if (this.transcript.entries.find((entry) => entry.id === id)?.role === 'tool') this.hand(id, true);
    await tick();
    const element = this.#elementOf(id);
    if (!element) return;
    this.#at = id;
    this.flash = id;
    element.setAttribute('data-flash', '');
    const flashed = element;
    clearTimeout(this.#timer);
    document.querySelectorAll('[data-flash]').forEach((each) => {
      if (each !== flashed) each.removeAttribute('data-flash');
    });
    this.#timer = setTimeout(() => flashed.removeAttribute('data-flash'), FLASH_MS);
    settle(() => element.scrollIntoView({ block: 'start' }));
    element.querySelector<HTMLElement>('a, button')?.focus({ preventScroll: true });
  }

  /** An event's element, or that of the next one that is to be seen. */
  #elementOf(id: number): HTMLElement | null {
    const { entries } = this.transcript;
    const from = entries.findIndex((entry) => entry.id === id);
    for (const entry of entries.slice(Math.max(0, from), from + 40)) {
      const prompt = entry.type === 'user_prompt' ? document.getElementById(`head-${entry.id}`) : null;
      const found = prompt ?? document.getElementById(`event-${entry.id}`);
      if (found) return found;
    }
    return null;
  }

  /** Goes to the error before or behind the one that is read. */
  async error(direction: 1 | -1): Promise<void> {
    const from = this.#inView();
    const { session } = this.transcript;
    const page = await get<{ events: { id: number }[] }>(
      `/api/v2/sessions/${encodeURIComponent(session)}/events`,
      {
        errors: 1,
        at: from,
        order: direction > 0 ? null : 'desc',
        limit: 2,
      },
    );
    const next = page.events.find((event) => event.id !== this.#at || event.id !== from);
    if (!next) {
      this.said = direction > 0 ? 'No error further on' : 'No error before this';
      return;
    }
    history.replaceState(history.state, '', `${location.pathname}${location.search}#event-${next.id}`);
    this.said = '';
    await this.goTo(next.id);
  }

  /** The event that is read: the one jumped to while it is in view, else the first one in view. */
  #inView(): number | null {
    const seen = [...(this.list?.querySelectorAll<HTMLElement>('[id^="event-"]') ?? [])];
    const isIn = (element: Element) => {
      const box = element.getBoundingClientRect();
      return box.bottom > TOP && box.top < innerHeight;
    };
    const jumped = this.#at === null ? null : document.getElementById(`event-${this.#at}`);
    if (jumped && isIn(jumped)) return this.#at;
    const first = seen.find(isIn) ?? seen[0];
    this.#at = null;
    return first ? Number(first.id.slice(6)) : null;
  }

  /** Does something that changes what stands above, and keeps in place what is read. */
  async anchored(change: () => Promise<unknown>): Promise<void> {
    const seen = [...(this.list?.querySelectorAll<HTMLElement>('[id^="event-"]') ?? [])]
      .map((element) => ({ id: element.id, top: element.getBoundingClientRect().top }))
      .filter(({ top }) => top > TOP && top < innerHeight + 400);
    await change();
    await tick();
    // One of them may have gone into a fold with what came; any that still stands shows how far all moved.
    for (const { id, top } of seen) {
      const after = document.getElementById(id);
      if (!after) continue;
      settle(() => window.scrollBy(0, after.getBoundingClientRect().top - top));
      return;
    }
  }

  /** The session went on. */
  async follow(): Promise<void> {
    const near = this.end !== undefined && this.end.getBoundingClientRect().top < innerHeight + 80;
    const came = await this.transcript.follow();
    if (came === null) this.unseen += 1;
    else if (came > 0 && near) {
      await tick();
      this.end?.scrollIntoView({ block: 'end' });
    } else this.unseen += came;
  }

  /** Goes to the end of the session. */
  async toEnd(): Promise<void> {
    this.unseen = 0;
    if (!this.transcript.atEnd) await this.transcript.open('end');
    await tick();
    settle(() => this.end?.scrollIntoView({ block: 'end' }));
  }

  /** Notes which turn is read. */
  scrolled(): void {
    const heads = [...(this.list?.querySelectorAll<HTMLElement>('[data-turn]') ?? [])];
    const list = this.list?.getBoundingClientRect();
    if (!list || list.top > innerHeight || list.bottom < 0) {
      this.turn = null;
      return;
    }
    const passed = heads.filter(
      (head) => head.offsetTop !== undefined && head.getBoundingClientRect().top < innerHeight * 0.4,
    );
    const read = passed[passed.length - 1] ?? heads[0];
    this.turn = read?.dataset.turn ? Number(read.dataset.turn) : null;
  }
}
