import { describe, expect, it } from 'vitest';
import { contrast, hexOf, labOf, steps } from '../src/lib/colour';
import { owners, paints, type Palette } from '../src/lib/paint';
import { gaugeOf, sortWindows, type UsageWindow } from '../src/lib/quota';
import {
  agentOfModels,
  cachedShare,
  change,
  changeWords,
  isUnpriced,
  niceScale,
  stackOf,
  thin,
  type Usage,
  type UsageSeries,
  type Use,
} from '../src/lib/usage';

const NOTHING: Use = {
  events: 0,
  errors: 0,
  tokens_in: 0,
  tokens_out: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  cost_usd: 0,
  unpriced_events: 0,
  unpriced_tokens: 0,
};

function series(key: string | null, rows: Partial<Use>[], other = false): UsageSeries {
  const names = Object.keys(NOTHING) as (keyof Use)[];
  const values = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? 0)]));
  const totals = Object.fromEntries(
    names.map((name) => [name, rows.reduce((sum, row) => sum + (row[name] ?? 0), 0)]),
  ) as unknown as Use;
  return { key, other, totals, values: values as unknown as UsageSeries['values'] };
}

function usage(all: UsageSeries[], buckets = 2): Usage {
  const totals = { ...NOTHING };
  return {
    from: '',
    to: '',
    tz: 'UTC',
    bucket: 'day',
    by: 'model',
    buckets: Array.from({ length: buckets }, (_, i) => ({ starts_at: '', label: `2026-11-2${i}` })),
    totals,
    previous: { from: '', to: '', totals },
    series: all,
    cache: null,
    unpriced: null,
  };
}

const same = (key: string) => key;

describe('a stack', () => {
  const told = usage([
    series('big', [{ cost_usd: 2, tokens_in: 10 }, { cost_usd: 1 }]),
    series('free', [{ tokens_in: 500, unpriced_tokens: 500, unpriced_events: 1 }, {}]),
    series(null, [{ events: 3 }, {}]),
    series(null, [{ cost_usd: 0.5 }, {}], true),
  ]);

  it('has the dearest at the bottom, and no layer for what cost nothing', () => {
    const stack = stackOf(told, 'cost', 'model', same);
    expect(stack.layers.map(({ label }) => label)).toEqual(['big', 'others']);
    expect(stack.totals).toEqual([2.5, 1]);
  });

  it('never shows what has no price as zero', () => {
    const stack = stackOf(told, 'cost', 'model', same);
    expect(stack.unpriced.map(({ label }) => label)).toEqual(['free']);
    expect(stack.unpricedTotals).toEqual([500, 0]);
  });

  it('is ordered by tokens when it shows tokens, the rest on top', () => {
    const stack = stackOf(told, 'tokens', 'model', same);
    expect(stack.layers.map(({ label }) => label)).toEqual(['free', 'big']);
    expect(stack.unpriced).toEqual([]);
    expect(stack.totals).toEqual([510, 0]);
  });
});

describe('figures', () => {
  it('say how much changed, and that something is new', () => {
    expect(changeWords(change(12, 10))).toBe('+20%');
    expect(changeWords(change(9, 10))).toBe('−10%');
    expect(changeWords(change(10, 10))).toBe('±0%');
    expect(changeWords(change(120, 10))).toBe('12×');
    expect(changeWords(change(5, 0))).toBe('new');
  });

  it('tell unknown from nothing', () => {
    expect(isUnpriced({ ...NOTHING, unpriced_events: 1 })).toBe(true);
    expect(isUnpriced(NOTHING)).toBe(false);
    expect(cachedShare(NOTHING)).toBeNull();
    expect(cachedShare({ ...NOTHING, tokens_in: 1, cache_read_tokens: 3 })).toBe(0.75);
  });

  it('end their axis at a round number that is not below the highest bar', () => {
    for (const top of [0.0031, 0.4, 1, 7, 93, 101, 5123, 9.99e8]) {
      const scale = niceScale(top);
      expect(scale.top).toBeGreaterThanOrEqual(top);
      expect(scale.top).toBeLessThan(top * 2.6);
      expect(scale.ticks.at(-1)).toBeCloseTo(scale.top, 9);
    }
    expect(niceScale(0)).toEqual({ top: 1, ticks: [0] });
    expect(thin(30, 800, 52)).toBe(2);
    expect(thin(7, 800, 52)).toBe(1);
  });
});

describe('colours', () => {
  const MARKS = ['#d97a3e', '#006a60', '#3797e9', '#5b6472', '#7450d4', '#b8408f', '#8f939a'];
  const DARK = ['#e18045', '#56cdbd', '#3b86da', '#9aa5b8', '#9b80f2', '#dd70b6', '#8e9299'];

  it('stay what they were on the way through OKLab', () => {
    for (const hex of [...MARKS, '#000000', '#ffffff']) expect(hexOf(labOf(hex))).toBe(hex);
  });

  it('reach 3:1 in every step and in both themes', () => {
    for (const [marks, surface] of [
      [MARKS, '#ffffff'],
      [DARK, '#131518'],
    ] as const) {
      for (const mark of marks) {
        const found = steps(mark, surface, 3);
        expect(found[0]).toBe(mark);
        expect(new Set(found).size).toBe(3);
        for (const colour of found) expect(contrast(colour, surface)).toBeGreaterThanOrEqual(3);
      }
    }
  });

  it('give an agent one hue, a model its step, and neighbours another pattern', () => {
    const palette: Palette = {
      surface: '#ffffff',
      accent: '#4f58dc',
      neutral: '#82868f',
      mark: (agent) => (agent === 'a' ? '#d97a3e' : '#006a60'),
    };
    const told = new Map([
      ['a', usage([series('m1', [{ tokens_in: 9 }]), series('m2', [{ tokens_in: 5 }])])],
      ['b', usage([series('m3', [{ tokens_in: 7 }]), series('m1', [{ tokens_in: 1 }])])],
    ]);
    expect(agentOfModels(told).get('m1')).toBe('a');
    const models = owners(told);
    expect(models.get('m2')).toEqual({ agent: 'a', step: 1 });
    const layers = [{ key: 'm1' }, { key: 'm3' }, { key: 'm2' }, { key: null }].map((l) => ({
      ...l,
      other: false,
    }));
    const found = paints(layers, 'model', models, palette);
    expect(found.map(({ agent }) => agent)).toEqual(['a', 'b', 'a', null]);
    expect(found[0]?.colour).toBe('#d97a3e');
    expect(found[2]?.colour).not.toBe(found[0]?.colour);
    for (let i = 1; i < found.length; i += 1) expect(found[i]?.pattern).not.toBe(found[i - 1]?.pattern);
  });
});

describe('a gauge', () => {
  const window: UsageWindow = {
    agent_type: 'a',
    window: 'session',
    kind: 'tokens',
    source: 'guessed',
    window_hours: 5,
    starts_at: '2026-11-24T10:00:00Z',
    ends_at: '2026-11-24T15:00:00Z',
    used: 50,
    limit: 100,
    used_percent: 50,
    burn_rate_per_hour: 5,
    projected: 70,
    projected_percent: 70,
    limit_reached_at: null,
    reported_at: null,
  };
  const now = Date.parse('2026-11-24T12:30:00Z');

  it('shows what is used, where the rate leads, and how much of the time has passed', () => {
    expect(gaugeOf(window, now)).toEqual({ used: 50, will: 70, passed: 50, level: 'calm' });
    const soon = { ...window, projected_percent: 140, limit_reached_at: '2026-11-24T14:00:00Z' };
    expect(gaugeOf(soon, now)).toMatchObject({ will: 100, level: 'soon' });
    expect(gaugeOf({ ...window, used_percent: 216 }, now)).toMatchObject({ used: 100, level: 'full' });
  });

  it('is none where no limit is known', () => {
    expect(gaugeOf({ ...window, used_percent: null }, now)).toBeNull();
    expect(gaugeOf({ ...window, ends_at: null }, now)?.passed).toBeNull();
  });

  it('stands with those of its agent, the fullest agent first', () => {
    const order = sortWindows([
      { ...window, agent_type: 'b', used_percent: 10 },
      { ...window, window: 'weekly', window_hours: 168, used_percent: 80 },
      { ...window, used_percent: 20 },
    ]).map(({ agent_type, window: name }) => `${agent_type} ${name}`);
    expect(order).toEqual(['a session', 'a weekly', 'b session']);
  });
});
