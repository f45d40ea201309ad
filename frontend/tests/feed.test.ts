import { describe, expect, it } from 'vitest';
import {
  applyFilter,
  FeedBuffer,
  isOtherDatabase,
  optionsOf,
  perMinute,
  type FeedFilter,
} from '../src/lib/feed';
import { ROW_HEIGHT, shiftOf, windowOf } from '../src/lib/window';
import { eventRow, item } from './rows';

const ids = (buffer: FeedBuffer) => buffer.items.map((row) => row.id);
const OPEN: FeedFilter = { kind: null, agent: null, project: null, tool: null, type: null };

describe('FeedBuffer', () => {
  it('keeps the newest first, whatever the order of arrival', () => {
    const buffer = new FeedBuffer();
    buffer.add([item(1, 10), item(2, 30)]);
    buffer.add([item(3, 20), item(4, 30)]);
    expect(ids(buffer)).toEqual([4, 2, 3, 1]);
  });

  it('takes each event once', () => {
    const buffer = new FeedBuffer();
    expect(buffer.add([item(1, 1), item(2, 2)])).toHaveLength(2);
    expect(buffer.add([item(2, 2), item(3, 3), item(3, 3)]).map((row) => row.id)).toEqual([3]);
    expect(ids(buffer)).toEqual([3, 2, 1]);
  });

  it('holds what comes while paused, and lets it in at once', () => {
    const buffer = new FeedBuffer();
    buffer.add([item(1, 1)]);
    buffer.pause();
    buffer.add([item(2, 2)]);
    buffer.add([item(3, 3), item(2, 2)]);
    expect(ids(buffer)).toEqual([1]);
    expect(buffer.held.map((row) => row.id)).toEqual([3, 2]);
    buffer.resume();
    expect(ids(buffer)).toEqual([3, 2, 1]);
    expect(buffer.held).toEqual([]);
    buffer.add([item(4, 4)]);
    expect(ids(buffer)).toEqual([4, 3, 2, 1]);
  });

  it('shows rows of the past although it is paused', () => {
    const buffer = new FeedBuffer();
    buffer.add([item(9, 9)]);
    buffer.pause();
    buffer.add([item(3, 3)], true);
    expect(ids(buffer)).toEqual([9, 3]);
    expect(buffer.held).toEqual([]);
  });

  it('forgets the oldest beyond its limit, and does not know them any more', () => {
    const buffer = new FeedBuffer(3);
    buffer.add([item(1, 1), item(2, 2), item(3, 3), item(4, 4)]);
    expect(ids(buffer)).toEqual([4, 3, 2]);
    // Older than all that is kept: it comes and goes again.
    buffer.add([item(1, 1)]);
    expect(ids(buffer)).toEqual([4, 3, 2]);
  });

  it('starts afresh but stays paused', () => {
    const buffer = new FeedBuffer();
    buffer.add([item(1, 1)]);
    buffer.pause();
    buffer.clear();
    expect(buffer.paused).toBe(true);
    buffer.add([item(1, 5)]);
    expect(buffer.held).toHaveLength(1);
  });
});

describe('filters', () => {
  const rows = [
    item(4, 4, { kinds: ['model'], tool: null }),
    item(3, 3, { kinds: ['tools', 'errors'], agent: 'beta' }),
    item(2, 2, { kinds: ['tools', 'files'], project: 'docs', tool: 'Edit' }),
    item(1, 1, { kinds: ['prompts'], tool: null, project: null }),
  ];

  it('lets everything pass when open, and counts by kind', () => {
    const view = applyFilter(rows, OPEN);
    expect(view.rows).toBe(rows);
    expect(view.counts).toEqual({ tools: 2, model: 1, files: 1, prompts: 1, errors: 1 });
  });

  it('filters by kind without changing the counts beside it', () => {
    const view = applyFilter(rows, { ...OPEN, kind: 'tools' });
    expect(view.rows.map((row) => row.id)).toEqual([3, 2]);
    expect(view.counts.model).toBe(1);
    expect(view.total).toBe(4);
  });

  it('filters by agent, project and tool together', () => {
    expect(applyFilter(rows, { ...OPEN, agent: 'beta' }).rows.map((row) => row.id)).toEqual([3]);
    expect(applyFilter(rows, { ...OPEN, project: 'docs', tool: 'Edit' }).rows.map((row) => row.id)).toEqual([
      2,
    ]);
    expect(applyFilter(rows, { ...OPEN, project: 'docs', agent: 'beta' }).rows).toEqual([]);
  });

  it('offers what is there, and what is chosen although it is not', () => {
    expect(optionsOf(rows, 'project', null)).toEqual(['docs', 'shop']);
    expect(optionsOf(rows, 'tool', 'Read')).toEqual(['Bash', 'Edit', 'Read']);
  });

  it('counts the last minute', () => {
    expect(perMinute([item(3, 100), item(2, 50), item(1, 39)], 100_000)).toBe(2);
  });
});

describe('the window', () => {
  it('draws a few rows of many', () => {
    const top = windowOf(5000, 0, 440);
    expect(top.from).toBe(0);
    expect(top.to).toBeLessThan(40);
    const middle = windowOf(5000, 1000 * ROW_HEIGHT, 440);
    expect(middle.from).toBeLessThan(1000);
    expect(middle.to).toBeGreaterThan(1010);
    expect(middle.to - middle.from).toBeLessThan(40);
  });

  it('still draws rows when the list became shorter than where it was scrolled', () => {
    const part = windowOf(5, 1000 * ROW_HEIGHT, 440);
    expect(part).toEqual({ from: 0, to: 5 });
    expect(windowOf(0, 0, 440)).toEqual({ from: 0, to: 0 });
  });

  it('says how far the list moved under a reader', () => {
    const rows = [item(3, 3), item(2, 2), item(1, 1)];
    expect(shiftOf(rows, { id: 2, index: 1 })).toBe(0);
    expect(shiftOf([item(5, 5), item(4, 4), ...rows], { id: 2, index: 1 })).toBe(2 * ROW_HEIGHT);
    expect(shiftOf(rows, { id: 99, index: 1 })).toBe(0);
  });
});

describe('another database', () => {
  const at = (minute: number) => `2026-01-01T10:${minute}:00.000Z`;
  const newest = eventRow({ id: 50, created_at: at(20) });
  const answer = (...events: ReturnType<typeof eventRow>[]) => ({ events, total: 50 });

  it('is not seen in the same one', () => {
    expect(isOtherDatabase(null, 0, answer())).toBe(false);
    const rows = [eventRow({ id: 51, created_at: at(30) }), newest, eventRow({ id: 49, created_at: at(19) })];
    expect(isOtherDatabase(newest, 50, answer(...rows))).toBe(false);
  });

  it('shows by its ids, its stamps, or by holding less', () => {
    expect(isOtherDatabase(newest, 50, answer(eventRow({ id: 50, created_at: at(11) })))).toBe(true);
    expect(isOtherDatabase(newest, 50, answer(eventRow({ id: 3, created_at: at(30) })))).toBe(true);
    expect(isOtherDatabase(newest, 60, answer(newest))).toBe(true);
    expect(isOtherDatabase(newest, 60, { events: [], total: 0 })).toBe(true);
  });
});
