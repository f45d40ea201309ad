import { describe, expect, it } from 'vitest';
import { Activity } from '../src/lib/activity';
import { lookOf, unknownLook } from '../src/lib/agents.svelte';
import { query } from '../src/lib/api';
import { describe as tell, sentence } from '../src/lib/describe';
import { cachedShare, compared, fullest, hoursOf, running, upTo, windowWords } from '../src/lib/figures';
import { nextChoice } from '../src/lib/theme.svelte';
import type { UsageWindow } from '../src/lib/types';
import { eventRow } from './rows';

describe('a call', () => {
  it('leaves empty parameters out of a call', () => {
    expect(query({ a: 1, b: null, c: '', d: undefined, e: 'x y' })).toBe('?a=1&e=x+y');
    expect(query({})).toBe('');
  });
});

describe('the feed says what happened', () => {
  const meta = (value: unknown) => JSON.stringify(value);

  it('for a tool', () => {
    const item = tell(eventRow({ metadata: meta({ file_path: 'a.py', lines_added: 3 }), tool_name: 'Edit' }));
    expect(item).toMatchObject({
      head: 'Edit',
      detail: 'a.py',
      code: true,
      added: 3,
      kinds: ['tools', 'files'],
    });
    expect(sentence(item)).toBe('Edit +3 −0: a.py');
  });

  it('for a failure', () => {
    const item = tell(eventRow({ status: 'error', metadata: meta({ command: 'ls', error: 'exit 2' }) }));
    expect(item).toMatchObject({
      head: 'Bash, failed',
      detail: 'exit 2',
      tone: 'error',
      kinds: ['tools', 'errors'],
    });
  });

  it('for a model whose price is unknown', () => {
    const row = eventRow({ event_type: 'llm_response', model: 'm', tokens_out: 612, tokens_in: 2000 });
    expect(tell({ ...row, tool_name: null })).toMatchObject({
      head: 'm',
      detail: '612 out, 2k in, unpriced',
    });
    expect(tell({ ...row, cost_usd: 0.5, cache_read_tokens: 8000 }).detail).toBe(
      '612 out, 10k in, 80% cached, $0.50',
    );
  });

  it('whatever stands in the metadata', () => {
    for (const metadata of ['', 'null', '[1]', '{"command":7}', '{"command":null}', '{"error":{"a":1}}'])
      expect(tell(eventRow({ metadata })).head).toBe('Bash');
    expect(tell(eventRow({ event_type: 'brand_new', metadata: meta({ hook_event: 'X' }) })).head).toBe('X');
  });

  it('goes by the own time of an event', () => {
    expect(tell(eventRow({ client_timestamp: '2026-01-01T09:00:00.000Z' })).time).toBe(
      Date.UTC(2026, 0, 1, 9),
    );
    expect(tell(eventRow({ client_timestamp: 'junk' })).time).toBe(Date.UTC(2026, 0, 1, 10));
  });
});

describe('activity', () => {
  it('counts by minute and forgets', () => {
    const activity = new Activity(3);
    for (const minute of [1, 8, 9, 9, 10]) activity.add('a', minute * 60_000 + 5);
    expect(activity.bars('a', 10 * 60_000)).toEqual([1, 2, 1]);
    expect(activity.bars('b', 10 * 60_000)).toEqual([0, 0, 0]);
    for (let minute = 11; minute < 60; minute += 1) activity.add('a', minute * 60_000);
    expect(activity.bars('a', 60 * 60_000)).toEqual([1, 1, 0]);
  });
});

describe('figures', () => {
  it('shows the window that is nearest to its limit', () => {
    const window = (agent_type: string, used_percent: number | null) =>
      ({ agent_type, used_percent }) as UsageWindow;
    expect(fullest([window('a', 50), window('b', 90), window('c', null)])?.agent_type).toBe('b');
    expect(fullest([window('c', null)])).toBeNull();
    const words = [5, 24, 168, null].map((window_hours) => windowWords({ window: 'spark', window_hours }));
    expect(words).toEqual(['5-hour', '24-hour', '7-day', 'spark']);
  });

  it('compares with the same time of the day before', () => {
    expect(upTo([1, 2, 4], 0, 1.5 * 3_600_000)).toBe(2);
    expect(upTo([1, 2, 4], 0, 30 * 3_600_000)).toBe(7);
    expect(compared(112, 100, 'Monday')).toBe('12% above Monday');
    expect(compared(50, 100, 'Monday')).toBe('50% below Monday');
    expect(compared(100, 100, 'Monday')).toBe('as Monday');
    expect(compared(5, 0, 'Monday')).toBe('');
  });

  it('sorts hours into a local day', () => {
    const now = new Date(2026, 0, 5, 3, 20).getTime();
    const row = (hour: number, cost: number) => ({
      bucket: new Date(2026, 0, 5, hour).toISOString(),
      cost_usd: cost,
      tokens_in: 2,
      tokens_out: 1,
      event_count: 1,
      error_count: 0,
    });
    const hours = hoursOf([row(-5, 9), row(1, 2), row(3, 0)], now);
    expect(hours.cost).toEqual([0, 2, 0, 0]);
    expect(hours.tokens).toEqual([0, 3, 0, 3]);
    expect(running([1, 2, 3])).toEqual([1, 3, 6]);
  });

  it('knows what the cache gave', () => {
    const stats = {
      total_tokens_in: 10,
      total_tokens_out: 5,
      total_cache_read_tokens: 0,
      total_cache_write_tokens: 0,
    };
    expect(cachedShare(stats)).toBeNull();
    expect(cachedShare({ ...stats, total_cache_read_tokens: 90 })).toBe(0.9);
  });
});

describe('looks', () => {
  it('takes colours from the server, and only colours', () => {
    const set = { mark: '#111111', text: '#222', soft: 'url(//x)' };
    const look = lookOf({ agent_type: 'a', label: 'A', short: 'Aa', colors: { light: set, dark: set } });
    expect(look).toMatchObject({ text: 'light-dark(#222, #222)', soft: null });
  });

  it('shows an unknown agent by its own name', () => {
    expect(unknownLook('amp')).toMatchObject({ label: 'amp', short: 'Am', text: null });
  });

  it('cycles the theme', () => {
    expect([nextChoice('system'), nextChoice('light'), nextChoice('dark')]).toEqual([
      'light',
      'dark',
      'system',
    ]);
  });
});
