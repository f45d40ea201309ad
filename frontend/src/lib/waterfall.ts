import { parseTime } from './format';
import type { Turn } from './story';

/** A box of the waterfall; `from` and `to` are shares of its width. */
export interface Box {
  kind: 'model' | 'tool' | 'wait' | 'gap' | 'ask' | 'subagent' | 'error';
  from: number;
  to: number;
  /** Which line beneath the bar a sub-agent has. */
  row?: number;
}

export interface Bar {
  turn: Turn;
  boxes: Box[];
  from: number;
  to: number;
}

/** A mark on the axis. A break is where time was left out because nothing happened in it. */
export interface Tick {
  at: number;
  time: number;
  kind: 'tick' | 'break';
}

export interface Waterfall {
  bars: Bar[];
  ticks: Tick[];
  /** Where "now" is; null when the session is over. */
  now: number | null;
  /** How exactly the axis names its times. */
  words: 'seconds' | 'minutes' | 'days';
}

/** A pause longer than this share of all work is drawn no longer than that. */
const LONGEST_PAUSE = 0.12;
const SHORTEST_CUT_MS = 120_000;
/** An axis longer than this names days; a shorter one than the other, seconds. */
const DAYS_FROM_MS = 72_000_000;
const SECONDS_TO_MS = 300_000;
/** What the words of a mark, and "now", take of the axis, with a gap behind them, in px. */
const WORD_PX = { seconds: 64, minutes: 46, days: 92 };
const NOW_PX = 38;
const STEPS_MS = [
  1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 14_400e3,
  21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3, 2_592_000e3, 7_776_000e3, 31_536_000e3,
];

interface Piece {
  from: number;
  to: number;
  /** Where it begins on the drawing, in ms of drawn time. */
  at: number;
  /** Drawn ms for each ms. */
  scale: number;
}

/**
 * Lays the turns of a session on one axis. `now`: the session goes on, and its last turn reaches to now.
 * `asks`: since when it waits for its human. `width`: how wide the axis is drawn, in px.
 */
export function layOut(
  turns: readonly Turn[],
  now: number | null = null,
  asks: number | null = null,
  width = 720,
): Waterfall {
  const spans = turns.map((turn, i) => spanOf(turn, i === turns.length - 1 ? now : null));
  const [first] = spans;
  const last = spans[spans.length - 1];
  if (!first || !last) return { bars: [], ticks: [], now: null, words: 'minutes' };
  const end = Math.max(...spans.map((span) => span.to), now ?? -Infinity);
  const pieces = foldTime(spans, end);
  const tail = pieces[pieces.length - 1];
  const total = Math.max(1, tail ? tail.at + (tail.to - tail.from) * tail.scale : 1);
  const place = (time: number) => placeOf(pieces, time) / total;
  const at = now === null ? null : place(Math.max(now, last.to));
  const words = wordsFor(end - first.from);
  const bars = turns.map((turn, i): Bar => {
    const span = spans[i] ?? first;
    const next = spans[i + 1]?.from ?? null;
    return {
      turn,
      from: place(span.from),
      to: place(span.to),
      boxes: boxesOf(turn, span, next, place, i === turns.length - 1 ? asks : null),
    };
  });
  return {
    bars,
    ticks: ticksOf(pieces, total, first.from, width, at),
    now: at,
    words,
  };
}

function spanOf(turn: Turn, now: number | null): { from: number; to: number } {
  const from = parseTime(turn.started_at, 0);
  const to = from + turn.duration_ms;
  return { from, to: now === null ? to : Math.max(to, now) };
}

/** Long pauses between turns are drawn short: otherwise a night would leave nothing of the work. */
function foldTime(spans: readonly { from: number; to: number }[], end: number): Piece[] {
  const work = spans.reduce((sum, span) => sum + span.to - span.from, 0);
  const longest = Math.max(SHORTEST_CUT_MS, work * LONGEST_PAUSE);
  const pieces: Piece[] = [];
  let at = 0;
  let reached = spans[0]?.from ?? 0;
  const put = (from: number, to: number, drawn: number) => {
    if (to <= from) return;
    pieces.push({ from, to, at, scale: drawn / (to - from) });
    at += drawn;
  };
  for (const span of spans) {
    put(reached, span.from, Math.min(span.from - reached, longest));
    put(Math.max(span.from, reached), span.to, span.to - Math.max(span.from, reached));
    reached = Math.max(reached, span.to);
  }
  put(reached, end, Math.min(end - reached, longest));
  return pieces;
}

function placeOf(pieces: readonly Piece[], time: number): number {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.from ?? 0) <= time) low = middle;
    else high = middle - 1;
  }
  const piece = pieces[low];
  if (!piece) return 0;
  return piece.at + Math.max(0, Math.min(time, piece.to) - piece.from) * piece.scale;
}

function boxesOf(
  turn: Turn,
  span: { from: number; to: number },
  next: number | null,
  place: (time: number) => number,
  asks: number | null,
): Box[] {
  const out: Box[] = [];
  const box = (kind: Box['kind'], from: number, to: number, row?: number) => {
    out.push({ kind, from: place(from), to: place(to), ...(row === undefined ? {} : { row }) });
  };
  const worked = span.from + turn.duration_ms;
  const until = asks === null ? span.to : Math.min(span.to, Math.max(asks, span.from));
  box('model', span.from, Math.max(until, asks === null ? worked : until));
  const subagents = new Map<string, number>();
  for (const { kind, from_ms, to_ms, name } of turn.spans ?? []) {
    const [from, to] = [span.from + from_ms, span.from + to_ms];
    if (kind !== 'subagent') {
      if (kind !== 'wait' || asks === null || to < worked) box(kind, from, to);
      continue;
    }
    const row = subagents.get(name ?? '') ?? subagents.size;
    subagents.set(name ?? '', row);
    box(kind, from, to, row % 3);
  }
  if (asks !== null) box('ask', until, span.to);
  else if (next !== null && next > span.to) box('gap', span.to, next);
  return out;
}

function wordsFor(span: number): Waterfall['words'] {
  return span > DAYS_FROM_MS ? 'days' : span < SECONDS_TO_MS ? 'seconds' : 'minutes';
}

/** Round times at a distance that leaves room for their words, and the breaks. */
function ticksOf(
  pieces: readonly Piece[],
  total: number,
  start: number,
  width: number,
  now: number | null,
): Tick[] {
  const end = pieces[pieces.length - 1]?.to ?? start;
  const room = WORD_PX[wordsFor(end - start)] / Math.max(1, width);
  const most = Math.min(6, Math.max(1, Math.floor(0.8 / room)));
  const step = STEPS_MS.find((each) => total / each <= most) ?? 31_536_000e3;
  const zone = new Date(start).getTimezoneOffset() * 60_000;
  const out: Tick[] = [{ at: 0, time: start, kind: 'tick' }];
  for (const piece of pieces) {
    if (piece.scale < 0.999) {
      const after = (piece.at + (piece.to - piece.from) * piece.scale) / total;
      out.push({ at: (piece.at / total + after) / 2, time: piece.to, kind: 'break' });
      out.push({ at: after, time: piece.to, kind: 'tick' });
      continue;
    }
    let time = Math.ceil((piece.from - zone) / step) * step + zone;
    for (; time <= piece.to; time += step)
      out.push({ at: (piece.at + time - piece.from) / total, time, kind: 'tick' });
  }
  const until = now === null ? 1 - room / 2 : now - NOW_PX / Math.max(1, width) - room / 2;
  return spaced(out, room, until);
}

/** Marks whose words would run into each other, or over the end, leave. The first one's begin at its mark. */
function spaced(ticks: readonly Tick[], room: number, until: number): Tick[] {
  const out: Tick[] = [];
  let free = 0;
  for (const tick of ticks) {
    if (tick.kind === 'tick' && out.length > 0) {
      if (tick.at - room / 2 < free || tick.at > until) continue;
      free = tick.at + room / 2;
    } else if (tick.kind === 'tick') free = room;
    out.push(tick);
  }
  return out;
}
