import { describe, expect, it } from 'vitest';
import * as s from '../src/lib/sessions';
import type { SubAgent } from '../src/lib/types';
import { sessionRow } from './rows';

const at = (minute: number) => `2026-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`;

describe('views', () => {
  it('tells a limit from a failure', () => {
    expect(s.viewOf(sessionRow({ state: 'failed', state_reason: 'rate_limit' }))).toBe('limited');
    expect(s.viewOf(sessionRow({ state: 'failed', state_reason: 'overloaded' }))).toBe('failed');
  });

  it('keeps a session that ended but still waits', () => {
    expect(s.isLive(sessionRow({ status: 'ended', state: 'ended' }))).toBe(false);
    expect(s.isLive(sessionRow({ status: 'ended', state: 'failed' }))).toBe(false);
    expect(s.isLive(sessionRow({ status: 'ended', state: 'permission' }))).toBe(true);
    expect(s.isLive(sessionRow({ status: 'idle', state: 'idle' }))).toBe(true);
  });

  it('filters', () => {
    expect(s.passes('limited', 'need')).toBe(true);
    expect(s.passes('working', 'need')).toBe(false);
    expect(s.passes('working', 'working')).toBe(true);
    expect(s.passes('idle', 'idle')).toBe(true);
    expect(s.passes('failed', 'live')).toBe(true);
  });
});

describe('order', () => {
  const rows = [
    sessionRow({ id: 'idle', state: 'idle' }),
    sessionRow({ id: 'old', started_at: at(1) }),
    sessionRow({ id: 'new', started_at: at(9) }),
    sessionRow({ id: 'limit', state: 'failed', state_reason: 'rate_limit' }),
    sessionRow({ id: 'fail', state: 'failed' }),
    sessionRow({ id: 'ask', state: 'input' }),
    sessionRow({ id: 'may', state: 'permission' }),
  ];
  const sorted = () => [...rows].sort(s.byNeed).map((row) => row.id);

  it('puts need first, then the newest start', () => {
    expect(sorted()).toEqual(['may', 'ask', 'fail', 'limit', 'new', 'old', 'idle']);
  });

  it('does not move while no state changes', () => {
    const before = sorted();
    for (const row of rows) {
      row.last_event_at = at(30);
      row.event_count += 5;
    }
    rows.reverse();
    expect(sorted()).toEqual(before);
  });

  it('asks the longest wait first', () => {
    const waits = [sessionRow({ id: 'b', state_since: at(5) }), sessionRow({ id: 'a', state_since: at(2) })];
    expect(waits.sort(s.byWait).map((row) => row.id)).toEqual(['a', 'b']);
  });

  it('counts each filter', () => {
    expect(s.countByFilter(rows)).toEqual({ live: 7, need: 4, working: 2, idle: 1 });
  });
});

describe('words', () => {
  it('names a session', () => {
    expect(s.titleOf(sessionRow({ title: ' Fix\nit ' }))).toBe('Fix it');
    expect(s.titleOf(sessionRow({ id: 'abcdef123456', title: null }))).toBe('shop, session abcdef12');
    expect(s.titleOf(sessionRow({ id: 'abcdef123456', project: null }))).toBe('Session abcdef12');
  });

  it('says who is asked for what', () => {
    const tool = { name: 'Bash', detail: 'ls', since: at(1) };
    const asking = sessionRow({ state: 'permission', tool });
    expect(s.askHead(asking)).toBe('Wants to run Bash');
    expect(s.askText(asking)).toBe('ls');
    expect(s.askText({ ...asking, state_detail: 'ls\n-la' })).toBe('ls\n-la');
    expect(s.askHead(sessionRow({ state: 'input', state_reason: 'question' }))).toBe('Asks you');
    expect(s.reasonWords('billing_error')).toBe('Billing error');
  });

  it('adds up all tokens', () => {
    expect(s.tokensOf(sessionRow({ tokens_in: 1, tokens_out: 2, cache_read_tokens: 3 }))).toBe(6);
  });
});

describe('rows', () => {
  const map = (...rows: ReturnType<typeof sessionRow>[]) => new Map(rows.map((row) => [row.id, row]));

  it('lets a frame win over an older answer', () => {
    const framed = sessionRow({ id: 'a', event_count: 9 });
    const next = s.replaceRows(
      map(framed, sessionRow({ id: 'gone' })),
      [sessionRow({ id: 'a', event_count: 1 }), sessionRow({ id: 'left' }), sessionRow({ id: 'b' })],
      new Set(['a', 'left']),
    );
    expect([...next.keys()]).toEqual(['a', 'b']);
    expect(next.get('a')?.event_count).toBe(9);
  });

  it('drops who is no longer live', () => {
    const next = s.updateRows(map(sessionRow({ id: 'a' })), [
      sessionRow({ id: 'a', status: 'ended', state: 'ended' }),
      sessionRow({ id: 'b' }),
    ]);
    expect([...next.keys()]).toEqual(['b']);
  });

  it('lists sub-agents at work before those that ended', () => {
    const sub = (id: string, state: SubAgent['state'], minute: number): SubAgent => ({
      id,
      state,
      type: id,
      since: at(minute),
      tool: null,
    });
    const list = s.orderSubAgents([
      sub('e1', 'ended', 1),
      sub('w2', 'working', 4),
      sub('w1', 'working', 2),
      sub('e2', 'ended', 5),
      sub('e3', 'ended', 3),
    ]);
    expect(list.shown.map((row) => row.id)).toEqual(['w1', 'w2', 'e2', 'e3']);
    expect(list.more).toBe(1);
  });
});

describe('a call that runs for long', () => {
  const tool = { name: 'Bash', detail: 'make', since: at(0) };
  const now = Date.parse(at(10));
  const working = sessionRow({ state: 'working', tool });

  it('needs somebody after ten minutes, and no earlier', () => {
    expect(s.viewOf(working, now)).toBe('stuck');
    expect(s.viewOf(working, now - 1)).toBe('working');
    expect(s.needsYou('stuck')).toBe(true);
    expect(s.passes('stuck', 'working')).toBe(true);
  });

  it('may be a sub-agent’s', () => {
    const sub = { id: 'a', type: null, state: 'working', since: at(0), tool } as const;
    expect(s.longCall(sessionRow({ tool: null, subagents: [sub] }), now)).toEqual(tool);
    expect(s.longCall(sessionRow({ tool: null, subagents: [{ ...sub, state: 'ended' }] }), now)).toBeNull();
  });

  it('does not count while somebody is asked', () => {
    expect(s.viewOf({ ...working, state: 'permission' }, now)).toBe('permission');
  });
});

describe('the order of the cards', () => {
  const rows = [
    sessionRow({ id: 'a', started_at: at(1), last_event_at: at(9), total_cost_usd: 1 }),
    sessionRow({ id: 'b', started_at: at(5), last_event_at: at(6), total_cost_usd: 0 }),
    sessionRow({ id: 'c', started_at: at(3), last_event_at: at(8), total_cost_usd: 7, state: 'input' }),
  ];
  it.each([
    ['need', 'cba'],
    ['start', 'bca'],
    ['active', 'acb'],
    ['cost', 'cab'],
  ] as const)('by %s is %s', (sort, order) => {
    expect(
      s
        .sorted(rows, sort, 0)
        .map(({ id }) => id)
        .join(''),
    ).toBe(order);
  });
});
