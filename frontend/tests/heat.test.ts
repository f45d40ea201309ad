import { describe, expect, it } from 'vitest';
import { busiest, calendarRange, emptyDay, valueWords, weekOf } from '../src/lib/active';
import { calendarOf, fill, levelOf, thresholds, weekday } from '../src/lib/heat';
import { lengthOf } from '../src/lib/periods';
import type { Failure, ToolUse } from '../src/lib/schema';
import { DurationScale, duration, groupFailures, rate, sortTools } from '../src/lib/tools';

describe('a calendar', () => {
  it('has 53 whole weeks but for the one that goes on, which ends today', () => {
    for (const today of ['2026-11-23', '2026-11-24', '2026-11-29', '2028-02-29']) {
      const range = calendarRange(today);
      expect(weekday(range.from)).toBe(0);
      const { rows } = calendarOf(range.from, range.to);
      expect(rows.map((row) => row.length)).toEqual(new Array(7).fill(53));
      const inside = rows.flat().filter((cell) => cell.inside);
      expect(inside).toHaveLength(lengthOf(range));
      expect(
        inside
          .map(({ day }) => day)
          .sort()
          .at(-1),
      ).toBe(today);
      expect(lengthOf(range)).toBeLessThanOrEqual(371);
    }
  });

  it('names each month over the weeks that are mostly its own', () => {
    const { months } = calendarOf('2025-11-24', '2026-11-24');
    expect(months).toHaveLength(13);
    expect(months.reduce((sum, { span }) => sum + span, 0)).toBe(53);
    expect(months.slice(0, 2).map(({ day }) => day)).toEqual(['2025-11-01', '2025-12-01']);
  });

  it('fills in the days on which nothing happened', () => {
    const day = { ...emptyDay('2026-11-23', true), events: 7 };
    const days = fill('2026-11-22', '2026-11-24', [day], (date) => emptyDay(date, true));
    expect(days.map(({ events }) => events)).toEqual([0, 7, 0]);
  });
});

describe('levels', () => {
  it('are quartiles, so that one wild day does not pale the others', () => {
    const values = [0, 0, 1, 2, 3, 4, 5, 6, 7, 9000];
    const limits = thresholds(values);
    expect(values.map((value) => levelOf(value, limits))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('are the most where all days are equal, and nothing where none has anything', () => {
    expect(levelOf(3, thresholds([3, 3, 3]))).toBe(4);
    expect(levelOf(0, thresholds([]))).toBe(0);
  });
});

describe('the hours of a week', () => {
  it('stand by weekday and hour, and name the busiest', () => {
    const rows = weekOf(
      [
        { weekday: 1, hour: 9, events: 4, tokens: 0, cost_usd: 1 },
        { weekday: 7, hour: 23, events: 6, tokens: 0, cost_usd: 0.5 },
      ],
      'events',
    );
    expect([rows[0]?.[9], rows[6]?.[23]]).toEqual([4, 6]);
    expect(busiest(rows)).toEqual({ weekday: 6, hour: 23, value: 6 });
    expect(busiest([[0, 0]])).toBeNull();
    expect(valueWords(1, 'commits')).toBe('1 commit');
    expect(valueWords(1204, 'events')).toBe('1,204 events');
  });
});

const tool = (name: string, calls: number, fields: Partial<ToolUse> = {}): ToolUse => ({
  tool: name,
  calls,
  failures: 0,
  failure_rate: 0,
  mean_duration_ms: null,
  p50_ms: null,
  p95_ms: null,
  parts: [],
  ...fields,
});

describe('tools', () => {
  it('are sorted by what is asked for, and what is not known comes last', () => {
    const all = [tool('a', 5), tool('b', 9, { p95_ms: 10 }), tool('c', 1, { p95_ms: 300 })];
    const by = (key: string, order: 'asc' | 'desc') => sortTools(all, { by: key, order }).map((t) => t.tool);
    expect(by('calls', 'desc')).toEqual(['b', 'a', 'c']);
    expect(by('p95', 'desc')).toEqual(['c', 'b', 'a']);
    expect(by('p95', 'asc')).toEqual(['b', 'c', 'a']);
    expect(by('tool', 'asc')).toEqual(['a', 'b', 'c']);
  });

  it('have durations and rates in few characters', () => {
    expect([12, 999.7, 1400, 12_300, 59_960, 125_000, 4_200_000].map(duration)).toEqual([
      '12 ms',
      '1.0 s',
      '1.4 s',
      '12 s',
      '1m 00s',
      '2m 05s',
      '1h 10m',
    ]);
    expect([0, 0.0004, 0.0645, 0.5].map(rate)).toEqual(['0%', '<0.1%', '6.5%', '50%']);
  });

  it('lie on a scale of powers of ten that holds all of them', () => {
    const scale = new DurationScale([
      { p50_ms: 20, p95_ms: 4000 },
      { p50_ms: null, p95_ms: null },
    ]);
    expect(scale.ticks).toEqual([10, 100, 1000, 10_000]);
    expect(scale.at(10)).toBe(0);
    expect(scale.at(100)).toBeCloseTo(1 / 3);
    expect(new DurationScale([]).ticks.length).toBeGreaterThan(1);
  });

  it('group what failed the same way, the latest first', () => {
    const failure = (id: number, command: string | null, session: string, error = 'no'): Failure => ({
      event_id: id,
      session_id: session,
      session_title: null,
      agent_type: 'a',
      project: null,
      branch: null,
      model: null,
      tool: 'Bash',
      time: '2026-11-24T00:00:00.000Z',
      status: 'error',
      duration_ms: null,
      command,
      error,
    });
    const groups = groupFailures([
      failure(5, 'make', 's1'),
      failure(4, null, 's1', 'denied'),
      failure(3, 'make', 's2', 'other'),
      failure(2, null, 's1', 'not found'),
    ]);
    expect(groups.map((group) => [group.command, group.failures.length, group.sessions])).toEqual([
      ['make', 2, 2],
      [null, 1, 1],
      [null, 1, 1],
    ]);
  });
});
