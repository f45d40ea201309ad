import { describe, expect, it } from 'vitest';
import { pieces, rowsInSight } from '../src/lib/hits';
import {
  exitCode,
  foldCalls,
  foldWords,
  heightOf,
  lastTurns,
  mergeEntries,
  partsOf,
  subjectOf,
  type Entry,
  type Turn,
} from '../src/lib/story';
import { layOut } from '../src/lib/waterfall';

function entry(id: number, type: string, more: Partial<Entry> = {}): Entry {
  const role =
    type === 'tool_use'
      ? 'tool'
      : type === 'user_prompt'
        ? 'user'
        : type === 'llm_response'
          ? 'assistant'
          : 'system';
  return {
    id, time: '2026-11-24T10:00:00.000Z', role, type, status: 'success', text: null, tool_name: null, input: null, output: null,
    error: null, duration_ms: null, model: null, tokens_in: 0, tokens_out: 0, cache_read_tokens: 0, cache_write_tokens: 0,
    cost_usd: null, subagent_id: null, subagent_type: null, file_path: null, lines_added: 0, lines_removed: 0, ...more,
  }; // prettier-ignore
}
const call = (id: number, tool_name: string, command: string, more: Partial<Entry> = {}) =>
  entry(id, 'tool_use', { tool_name, input: { command }, ...more });

describe('the transcript', () => {
  it('begins turns with prompts and puts calls together that no word parts', () => {
    const parts = partsOf([
      entry(1, 'user_prompt', { text: 'Mend it' }),
      entry(2, 'llm_response'),
      call(3, 'Bash', 'make'),
      entry(4, 'llm_response'),
      call(5, 'Bash', 'make'),
      entry(6, 'llm_response', { text: 'Done. ' }),
      entry(7, 'turn_end', { text: 'Done.' }),
      call(8, 'Bash', 'ls', { subagent_id: 's' }),
      call(9, 'Bash', 'ls'),
    ]);
    expect(parts.map((part) => part.key)).toEqual(['t1', 'e1', 'e3', 'e6', 'e8', 'e9']);
  });

  it('shows a question only when the call it was about did not follow', () => {
    const parts = partsOf([
      entry(1, 'permission_request', { tool_name: 'Bash', input: { command: 'make' } }),
      call(2, 'Bash', 'make'),
      entry(3, 'permission_request', { tool_name: 'Bash', input: { command: 'push' } }),
    ]);
    expect(parts).toHaveLength(1);
    expect(parts[0]?.t === 'calls' && parts[0].calls.map((each) => each.id)).toEqual([2, 3]);
  });

  it('folds look-ups, but none that failed or that is asked for', () => {
    const looks = [1, 2, 3, 4].map((id) => call(id, id === 2 ? 'Grep' : 'Read', 'x'));
    const lines = foldCalls(
      [...looks, call(5, 'Edit', 'x'), call(6, 'Read', 'x', { status: 'error' })],
      new Set(),
    );
    expect(lines.map((line) => line.t)).toEqual(['fold', 'call', 'call']);
    expect(foldWords(looks)).toBe('3 reads, 1 search');
    expect(foldCalls(looks, new Set([2])).map((line) => line.t)).toEqual(['call', 'call', 'call', 'call']);
  });

  it('knows what a call is about and how it ended', () => {
    expect(subjectOf(call(1, 'shell', ''))).toBe('');
    expect(subjectOf(entry(1, 'tool_use', { input: { command: ['bash', '-lc', 'ls'] } }))).toBe(
      'bash -lc ls',
    );
    expect(exitCode(entry(1, 'tool_use', { error: 'Exit code 127: no such file' }))).toBe('127');
    expect(exitCode(entry(1, 'tool_use', { error: 'No rule' }))).toBeNull();
  });

  it('replaces what came again and appends what is new', () => {
    const have = [entry(1, 'response'), entry(2, 'response')];
    const merged = mergeEntries(have, [entry(2, 'response', { text: 'x' }), entry(3, 'response')]);
    expect(merged.map((each) => [each.id, each.text])).toEqual([
      [1, null],
      [2, 'x'],
      [3, null],
    ]);
  });
});

const START = Date.parse('2026-11-24T10:00:00Z');
function turn(from: number, duration: number, spans: Turn['spans'] = []): Turn {
  return {
    number: 1, first_event: 1, prompt: 'x', started_at: new Date(START + from).toISOString(), ended_at: null,
    duration_ms: duration, outcome: 'done', before_ms: null, wait_ms: 0, tool_ms: 0, model_ms: 0, events: 1, errors: 0,
    tool_calls: 0, failures: 0, tokens_in: 0, tokens_out: 0, cache_read_tokens: 0, cache_write_tokens: 0, cost_usd: 0,
    unpriced_tokens: 0, lines_added: 0, lines_removed: 0, models: [], subagents: [], spans,
  }; // prettier-ignore
}
const MIN = 60_000;

describe('the waterfall', () => {
  it('puts turns on one axis, with the wait for the next prompt between', () => {
    const { bars, now } = layOut([turn(0, 30 * MIN), turn(40 * MIN, 60 * MIN)]);
    expect(now).toBeNull();
    expect(bars[0]?.boxes.map((box) => [box.kind, box.from, box.to])).toEqual([
      ['model', 0, 0.3],
      ['gap', 0.3, 0.4],
    ]);
    expect(bars[1]?.to).toBeCloseTo(1);
  });

  it('draws a night no longer than a part of the work, and marks the break', () => {
    const { bars, ticks } = layOut([turn(0, 60 * MIN), turn(700 * MIN, 40 * MIN)]);
    expect(bars[1]?.from).toBeCloseTo(72 / 112);
    expect(ticks.filter((tick) => tick.kind === 'break')).toHaveLength(1);
  });

  it('places tools, failures and sub-agents within the turn', () => {
    const spans: Turn['spans'] = [
      { kind: 'tool', from_ms: 0, to_ms: 5 * MIN, name: null },
      { kind: 'error', from_ms: 5 * MIN, to_ms: 5 * MIN, name: null },
      { kind: 'subagent', from_ms: MIN, to_ms: 2 * MIN, name: 'a' },
      { kind: 'subagent', from_ms: MIN, to_ms: 3 * MIN, name: 'b' },
    ];
    const boxes = layOut([turn(0, 10 * MIN, spans)]).bars[0]?.boxes ?? [];
    expect(boxes.map((box) => box.kind)).toEqual(['model', 'tool', 'error', 'subagent', 'subagent']);
    expect(boxes[1]).toMatchObject({ from: 0, to: 0.5 });
    expect(boxes.slice(3).map((box) => box.row)).toEqual([0, 1]);
  });

  it('waits for its human from the question until now', () => {
    const found = layOut([turn(0, 10 * MIN)], START + 20 * MIN, START + 10 * MIN);
    expect(found.bars[0]?.boxes.map((box) => [box.kind, box.from, box.to])).toEqual([
      ['model', 0, 0.5],
      ['ask', 0.5, 1],
    ]);
    expect(found.now).toBe(1);
  });

  it('leaves room for the words of its axis, however long and however wide it is', () => {
    const px = { seconds: 55, minutes: 36, days: 80 };
    for (const width of [180, 320, 720, 1400]) {
      for (const days of [0.0003, 0.01, 0.5, 2, 20, 325, 3000]) {
        const { ticks, words } = layOut([turn(17_000, days * 1440 * MIN)], null, null, width);
        const marks = ticks.filter((tick) => tick.kind === 'tick').map((tick) => tick.at * width);
        expect(marks.length).toBeGreaterThan(width > 320 ? 1 : 0);
        expect(marks.length).toBeLessThan(9);
        // The first one's words begin at its mark, those of the others stand around it.
        const edges = marks.map((at, i) =>
          i === 0 ? [0, px[words]] : [at - px[words] / 2, at + px[words] / 2],
        );
        edges.slice(1).forEach(([left], i) => expect(left).toBeGreaterThan(edges[i]?.[1] ?? 0));
      }
    }
  });

  it('keeps the words of a mark away from "now"', () => {
    for (const later of [2, 5, 7, 11]) {
      const { ticks, now } = layOut([turn(0, 60_000)], START + 60_000 + later * 1000, null, 500);
      const last = ticks.filter((tick) => tick.kind === 'tick').pop()?.at ?? 0;
      if (last > 0) expect((now ?? 0) - last).toBeGreaterThan(55 / 500);
    }
  });

  it('keeps everything within its width, also when turns overlap or are nothing', () => {
    const sets = [[turn(0, 0)], [turn(0, MIN), turn(0, MIN)], [turn(0, 9 * MIN), turn(MIN, MIN)], []];
    for (const turns of sets) {
      const { bars, ticks } = layOut(turns);
      for (const { from, to } of bars.flatMap((bar) => bar.boxes)) {
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(1.000001);
        expect(to).toBeGreaterThanOrEqual(from);
      }
      for (const tick of ticks) expect(tick.at).toBeLessThanOrEqual(1);
    }
  });
});

describe('what stands where', () => {
  it('shows the last two turns of what goes on', () => {
    const entries = [1, 2, 3].flatMap((n) => [entry(n * 10, 'user_prompt'), entry(n * 10 + 1, 'response')]);
    expect(lastTurns(entries).map((each) => each.id)).toEqual([20, 21, 30, 31]);
    expect(lastTurns(entries.slice(1, 2))).toHaveLength(1);
  });

  it('guesses how high a part will be by what is in it', () => {
    const parts = partsOf([
      entry(1, 'user_prompt', { text: 'x' }),
      call(2, 'Bash', 'a'),
      call(3, 'Bash', 'b', { status: 'error' }),
      entry(4, 'llm_response', { text: 'line\n'.repeat(10) }),
    ]);
    const [turn, prompt, calls, said] = parts.map(heightOf);
    expect([turn, prompt, calls]).toEqual([36, 23, 190]);
    expect(said).toBeGreaterThan(220);
  });

  it('keeps runs of calls short enough to be drawn one by one', () => {
    const parts = partsOf(Array.from({ length: 150 }, (_, i) => call(i + 1, 'Bash', 'x')));
    expect(parts.map((part) => part.t === 'calls' && part.calls.length)).toEqual([60, 60, 30]);
  });
});

describe('search results', () => {
  it('cuts the snippet where it was found, by characters and not by halves of them', () => {
    const found = pieces({ snippet: '😀 the\n total 😀', highlights: [[2, 5], [7, 12]] }); // prettier-ignore
    expect(found.map((part) => [part.text, part.found])).toEqual([
      ['😀 ', false],
      ['the', true],
      [' ', false],
      ['total', true],
      [' 😀', false],
    ]);
    expect(pieces({ snippet: 'ab', highlights: [[1, 99]] })).toEqual([
      { text: 'a', found: false },
      { text: 'b', found: true },
    ]);
  });

  it('draws the rows in sight of a long list', () => {
    expect(rowsInSight(1000, 0, 560, 56)).toEqual({ from: 0, to: 22 });
    expect(rowsInSight(1000, 56_000, 560, 56)).toEqual({ from: 988, to: 1000 });
    expect(rowsInSight(0, 500, 560, 56)).toEqual({ from: 0, to: 0 });
  });
});
