import { describe, expect, it } from 'vitest';
import { bytes } from '../src/lib/bytes';
import {
  arrange,
  connectCommand,
  homely,
  standingOf,
  type AgentView,
  type ChannelView,
} from '../src/lib/connect';
import { contextWords, shareOf, withContexts } from '../src/lib/context';
import { jsonLines } from '../src/lib/ndjson';
import { PAGE_COMMANDS, rank, sessionCommand } from '../src/lib/palette';
import { item } from './rows';

const NOW = Date.parse('2026-01-01T12:00:00.000Z');
const PALETTE = { mark: '#111', text: '#222', soft: '#333' };
const view = (change: Partial<AgentView> = {}): AgentView => ({
  agent_type: 'alpha',
  label: 'Alpha',
  short: 'Al',
  colors: { light: PALETTE, dark: PALETTE },
  connect: null,
  last_event_at: null,
  channels: [],
  ...change,
});
const disk = { folders: ['/x'], bytes: 9, new_files: 1, new_bytes: 9, newest_at: null, complete: true };
const way = (channel: ChannelView['channel'], minute: string | null, files = 0) => ({
  channel,
  events: 1,
  last_event_at: minute && `2026-01-01T11:${minute}:00.000Z`,
  disk: channel === 'files' ? { ...disk, files } : null,
});

describe('how an agent stands to the server', () => {
  it('goes by its last report, and files are none', () => {
    const stand = (agent: Partial<AgentView>) => standingOf(view(agent), NOW);
    expect(stand({ channels: [way('hook', '55')], last_event_at: '2026-01-01T11:55:00.000Z' })).toBe('live');
    expect(stand({ channels: [way('hook', '20')], last_event_at: '2026-01-01T11:20:00.000Z' })).toBe('seen');
    expect(stand({ channels: [way('files', '58', 3)], last_event_at: '2026-01-01T11:58:00.000Z' })).toBe(
      'seen',
    );
    expect(stand({ channels: [way('files', null, 3)] })).toBe('found');
    expect(stand({ channels: [way('files', null, 0)] })).toBe('absent');
  });

  it('decides who gets a card', () => {
    const connect = { title: 't', file: 'f', snippet: 's' };
    const agents = [
      view({ agent_type: 'absent' }),
      view({ agent_type: 'connectable', connect }),
      view({ agent_type: 'files', channels: [way('files', null, 1)] }),
    ];
    const { cards, others } = arrange(agents, NOW);
    expect(cards.map((agent) => agent.agent_type)).toEqual(['files', 'connectable']);
    expect(others.map((agent) => agent.agent_type)).toEqual(['absent']);
  });

  it('names another address in the command', () => {
    expect(connectCommand('some_agent', 'http://127.0.0.1:3141')).toBe(
      'agentmonitor connect --agent some-agent',
    );
    expect(connectCommand('a', 'http://127.0.0.1:4000')).toBe(
      'agentmonitor connect --agent a --url http://127.0.0.1:4000',
    );
  });

  it('writes a home folder as people do', () => {
    expect(homely('/home/ada/.x/y')).toBe('~/.x/y');
    expect(homely('/Users/ada')).toBe('~');
    expect(homely('/srv/home/ada')).toBe('/srv/home/ada');
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [999_500, '1 MB'],
  [6_130_000, '6.13 MB'],
  [1.4e9, '1.4 GB'],
])('%d bytes read %s', (value, words) => expect(bytes(value)).toBe(words));

describe('the palette', () => {
  const all = [
    ...PAGE_COMMANDS,
    sessionCommand({ id: 's/1', title: 'Fix the cost page', project: 'shop', agent: 'alpha' }),
  ];

  it('finds every word, in any order, and prefers what begins so', () => {
    expect(rank(all, 'cost').map(({ label }) => label)).toEqual(['Cost', 'Fix the cost page']);
    expect(rank(all, 'page fix').map(({ href }) => href)).toEqual(['/sessions/s%2F1']);
    expect(rank(all, 'SHOP')).toHaveLength(1);
    expect(rank(all, 'nothing like it')).toEqual([]);
  });

  it('shows everything when nothing is typed, in its order', () => {
    expect(rank(all, '  ')).toEqual(all);
  });
});

describe('lines of JSON', () => {
  const stream = (...chunks: string[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
  const read = async (...chunks: string[]) => {
    const found: unknown[] = [];
    for await (const line of jsonLines(stream(...chunks))) found.push(line);
    return found;
  };

  it('come whole however they were cut', async () => {
    expect(await read('{"a":', '1}\n{"b":2', '}\n\n{"c":3}')).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
    expect(await read('')).toEqual([]);
  });

  it('fail when they are none', async () => {
    await expect(read('nope\n')).rejects.toThrow();
  });
});

describe('the context of a session', () => {
  it('is that of the newest request, in whatever order they come', () => {
    const first = withContexts({}, [item(2, 20, { context: 50 }), item(1, 10, { context: 90 })]);
    expect(first).toEqual({ s1: { tokens: 50, time: 20_000 } });
    expect(withContexts(first, [item(3, 30)])).toBe(first);
  });

  it('is told as a share of the window, where that is known and can be right', () => {
    expect(contextWords(124_000, 200_000)).toBe('62% of 200k context');
    expect(contextWords(124_000, null)).toBe('124k context');
    expect(contextWords(300_000, 200_000)).toBe('300k context');
    expect(shareOf(200_000, 200_000)).toBe(1);
    expect(shareOf(1, 0)).toBeNull();
  });

  it('is not kept for every session there ever was', () => {
    const many = Array.from({ length: 1500 }, (_, i) => item(i, i, { session: `s${i}`, context: 1 }));
    const kept = Object.keys(withContexts({}, many));
    expect(kept.length).toBeLessThanOrEqual(1000);
    expect(kept).toContain('s1499');
  });
});
