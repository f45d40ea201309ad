import { describe, expect, it } from 'vitest';
import * as f from '../src/lib/format';

describe('numbers', () => {
  it('separates thousands', () => {
    expect(f.int(1234567)).toBe('1,234,567');
    expect(f.count(1, 'event')).toBe('1 event');
    expect(f.count(1200, 'event')).toBe('1,200 events');
  });

  it.each([
    [0, '0'],
    [612, '612'],
    [999, '999'],
    [999.6, '1k'],
    [1900, '1.9k'],
    [1234, '1.23k'],
    [388_123, '388k'],
    [999_499, '999k'],
    [999_950, '1M'],
    [3_420_000, '3.42M'],
    [18_600_000, '18.6M'],
    [1_200_000_000, '1.2B'],
    [-5, '0'],
  ])('shortens %d to %s', (value, text) => expect(f.short(value)).toBe(text));

  it('shows money to the cent and never hides a little of it', () => {
    expect(f.money(0)).toBe('$0.00');
    expect(f.money(0.0001)).toBe('<$0.01');
    expect(f.money(0.005)).toBe('$0.01');
    expect(f.money(1234.567)).toBe('$1,234.57');
    expect(f.moneyExact(0.0001234)).toBe('$0.0001234');
  });

  it('does not call almost all of it all', () => {
    expect(f.percent(0.996)).toBe('99%');
    expect(f.percent(1)).toBe('100%');
    expect(f.percent(1.12)).toBe('112%');
    expect([0, 0.4, 37.9, 99.9, 100, 22_523.7].map(f.usedPercent)).toEqual([
      '0',
      '<1',
      '37',
      '99',
      '100',
      '22,523',
    ]);
  });

  it('keeps lines exact until they are many', () => {
    expect([0, 787, 9_999, 22_113].map(f.lines)).toEqual(['0', '787', '9,999', '22.1k']);
  });
});

describe('times', () => {
  it.each([
    [-50, '0:00'],
    [7_000, '0:07'],
    [372_000, '6m 12s'],
    [66_840_000, '18h 34m'],
    [273_600_000, '3d 4h'],
  ])('runs %d ms as %s', (ms, text) => expect(f.elapsed(ms)).toBe(text));

  it.each([
    [500, 'now'],
    [12_000, '12s ago'],
    [180_000, '3m ago'],
    [7_200_000, '2h ago'],
    [345_600_000, '4d ago'],
  ])('says %d ms ago as %s', (ms, text) => expect(f.ago(ms)).toBe(text));

  it('reads stamps and falls back', () => {
    expect(f.parseTime('2026-01-02T03:04:05.678Z', 0)).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    expect(f.parseTime('nonsense', 7)).toBe(7);
    expect(f.parseTime(null, 7)).toBe(7);
    expect(f.absolute(NaN)).toBe('at an unknown time');
  });

  it('finds local midnights', () => {
    const noon = new Date(2026, 2, 1, 12, 30).getTime();
    expect(f.midnight(noon)).toEqual(new Date(2026, 2, 1));
    expect(f.midnight(noon, 1)).toEqual(new Date(2026, 1, 28));
  });
});

describe('text', () => {
  it('keeps the end of a branch', () => {
    expect(f.splitMiddle('main')).toEqual(['main', '']);
    expect(f.splitMiddle('feat/ledger-idempotent-writes-under-retry-2841')).toEqual([
      'feat/ledger-idempotent-writes-under',
      '-retry-2841',
    ]);
    const plain = 'x'.repeat(40);
    expect(f.splitMiddle(plain).join('')).toBe(plain);
  });

  it('writes out what could make a command read as another one', () => {
    expect(f.visible('rm \u202etxt.sh\u0007')).toBe('rm \\u{202e}txt.sh\\u{7}');
    expect(f.visible('a\n\tb')).toBe('a\n\tb');
  });

  it('turns a machine word into words, and leaves prose alone', () => {
    expect(f.plainWords('rate_limit')).toBe('Rate limit');
    expect(f.plainWords('exit 2: no_such_file')).toBe('exit 2: no_such_file');
  });

  it('makes one line of many and cuts it', () => {
    expect(f.oneLine('  a\n\n b\t c ')).toBe('a b c');
    expect(f.oneLine('x'.repeat(500), 10)).toBe(`${'x'.repeat(10)}…`);
  });
});
