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
}

/** A pause longer than this share of all work is drawn no longer than that. */
const LONGEST_PAUSE = 0.12;
const SHORTEST_CUT_MS = 120_000;
/** An axis longer than this names days. */
export const DAYS_FROM_MS = 72_000_000;
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
 * `asks`: since when it waits for its human.
 */
export function layOut(
  turns: readonly Turn[],
  now: number | null = null,
  asks: number | null = null,
): Waterfall {
  const spans = turns.map((turn, i) => spanOf(turn, i === turns.length - 1 ? now : null));
  const [first] = spans;
  const last = spans[spans.length - 1];
  if (!first || !last) return { bars: [], ticks: [], now: null };
  const end = Math.max(...spans.map((span) => span.to), now ?? -Infinity);
  const pieces = foldTime(spans, end);
  const tail = pieces[pieces.length - 1];
  const total = Math.max(1, tail ? tail.at + (tail.to - tail.from) * tail.scale : 1);
  const place = (time: number) => placeOf(pieces, time) / total;
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
    ticks: ticksOf(pieces, total, first.from),
    now: now === null ? null : place(Math.max(now, last.to)),
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

/** Round times at a distance that leaves room for their words, and the breaks. */
function ticksOf(pieces: readonly Piece[], total: number, start: number): Tick[] {
  // Days need longer words than hours.
  const end = pieces[pieces.length - 1]?.to ?? start;
  const room = end - start > DAYS_FROM_MS ? 0.14 : 0.06;
  const step = STEPS_MS.find((each) => total / each <= 6) ?? 31_536_000e3;
  const zone = new Date(start).getTimezoneOffset() * 60_000;
  const out: Tick[] = [{ at: 0, time: start, kind: 'tick' }];
  const free = (at: number) => at - (out[out.length - 1]?.at ?? -1) > room && at < 1 - room;
  for (const piece of pieces) {
    if (piece.scale < 0.999) {
      out.push({
        at: (piece.at + ((piece.to - piece.from) * piece.scale) / 2) / total,
        time: piece.to,
        kind: 'break',
      });
      const after = (piece.at + (piece.to - piece.from) * piece.scale) / total;
      if (after < 1 - room) out.push({ at: after, time: piece.to, kind: 'tick' });
      continue;
    }
    let time = Math.ceil((piece.from - zone) / step) * step + zone;
    for (; time <= piece.to; time += step) {
      const at = (piece.at + time - piece.from) / total;
      if (free(at)) out.push({ at, time, kind: 'tick' });
    }
  }
  return spaced(out, room);
}

/** Marks whose words would run into each other leave: the later one stays after a break. */
function spaced(ticks: readonly Tick[], room: number): Tick[] {
  const out: Tick[] = [];
  let last = -1;
  for (const tick of ticks) {
    if (tick.kind === 'tick') {
      if (last >= 0 && tick.at - last < room) continue;
      last = tick.at;
    }
    out.push(tick);
  }
  return out;
}
