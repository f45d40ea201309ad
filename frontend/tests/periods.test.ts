import { describe, expect, it } from 'vitest';
import {
  addDays,
  addMonths,
  before,
  bucketFor,
  bucketLong,
  bucketShort,
  bucketsOf,
  daysOf,
  isDay,
  lengthOf,
  mondayOf,
  periodOf,
  rangeWords,
} from '../src/lib/periods';

const TODAY = '2026-11-24';
const at = (hour: number, minute = 0) => new Date(2026, 10, 24, hour, minute).getTime();

describe('periods', () => {
  it('end today and have as many days as they say', () => {
    const of = (name: 'today' | '7d' | '30d' | 'month' | '12m') => periodOf(name, null, null, TODAY);
    expect(lengthOf(of('today'))).toBe(1);
    expect(of('7d')).toEqual({ name: '7d', from: '2026-11-18', to: TODAY });
    expect(lengthOf(of('30d'))).toBe(30);
    expect(of('month').from).toBe('2026-11-01');
    expect(of('12m').from).toBe('2025-12-01');
  });

  it('are what the days in the address say, in whichever order they stand', () => {
    expect(periodOf('7d', '2026-01-05', '2026-01-02', TODAY)).toEqual({
      name: 'own',
      from: '2026-01-02',
      to: '2026-01-05',
    });
    expect(periodOf('7d', '2026-11-20', null, TODAY).to).toBe(TODAY);
    expect(periodOf('7d', '2027-02-01', null, TODAY)).toMatchObject({ from: '2027-02-01', to: '2027-02-01' });
  });

  it('know no day that does not exist', () => {
    expect(['2026-02-28', '2028-02-29'].every(isDay)).toBe(true);
    expect(['2026-02-29', '2026-13-01', '1969-01-01', '24.11.2026', '', null].some(isDay)).toBe(false);
  });

  it('reckon over the ends of months and years', () => {
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addMonths('2026-03-31', -1)).toBe('2026-02-28');
    expect(addMonths('2026-01-15', -1)).toBe('2025-12-15');
    expect(addMonths('2026-01-01', -11)).toBe('2025-02-01');
  });
});

describe('the period before', () => {
  it('reaches as far as this one has come', () => {
    const today = periodOf('today', null, null, TODAY);
    expect(before(today, at(15, 4))).toMatchObject({ from: '2026-11-23', to: '2026-11-23T15:04' });
    const month = periodOf('month', null, null, TODAY);
    expect(before(month, at(9, 30))).toMatchObject({ from: '2026-10-01', to: '2026-10-24T09:30' });
    const week = periodOf('7d', null, null, TODAY);
    expect(before(week, at(9))).toMatchObject({ from: '2026-11-11', to: '2026-11-17T09:00' });
  });

  it('is whole when this one is over', () => {
    const own = periodOf('own', '2026-11-10', '2026-11-12', TODAY);
    expect(before(own, at(9))).toMatchObject({ from: '2026-11-07', to: '2026-11-09' });
  });

  it('is never empty: the server refuses a range without a moment', () => {
    const today = periodOf('today', null, null, TODAY);
    expect(before(today, at(0, 0)).to).toBe('2026-11-23T01:00');
  });
});

describe('buckets', () => {
  it('give more than one bar and at most five hundred', () => {
    expect(bucketsOf(periodOf('today', null, null, TODAY))).toEqual(['hour']);
    expect(bucketsOf(periodOf('7d', null, null, TODAY))).toEqual(['hour', 'day']);
    expect(bucketsOf(periodOf('30d', null, null, TODAY))).toEqual(['day', 'week']);
    expect(bucketsOf(periodOf('own', '2015-01-01', TODAY, TODAY))).toEqual(['month']);
  });

  it('are what is asked for where that is possible, else what shows the range best', () => {
    const month = periodOf('30d', null, null, TODAY);
    expect(bucketFor(month, 'week')).toBe('week');
    expect(bucketFor(month, 'hour')).toBe('day');
    expect(bucketFor(periodOf('12m', null, null, TODAY), null)).toBe('month');
  });

  it('begin on Mondays when they are weeks', () => {
    expect(mondayOf('2026-W47')).toBe('2026-11-16');
    expect(mondayOf('2026-W01')).toBe('2025-12-29');
    expect(mondayOf('2027-W01')).toBe('2027-01-04');
  });

  it('are cut to the range when a click goes into one', () => {
    const range = periodOf('30d', null, null, TODAY);
    expect(daysOf('2026-W44', 'week', range)).toEqual({ from: '2026-10-26', to: '2026-11-01' });
    expect(daysOf('2026-10', 'month', range)).toEqual({ from: '2026-10-26', to: '2026-10-31' });
    expect(daysOf('2026-11', 'month', range)).toEqual({ from: '2026-11-01', to: TODAY });
    expect(daysOf('2026-11-20', 'day', range)).toEqual({ from: '2026-11-20', to: '2026-11-20' });
  });

  it('have names for the axis and for the hover', () => {
    expect(bucketShort('2026-11-20T14:00+01:00', 'hour', 1)).toBe('14:00');
    expect(bucketShort('2026-11-20T00:00+01:00', 'hour', 7)).toBe('20 Nov');
    expect(bucketShort('2026-01', 'month', 365)).toBe('2026');
    expect(bucketLong('2026-11-18', 'day', TODAY)).toBe('Wed 18 Nov');
    expect(bucketLong('2025-11-18', 'day', TODAY)).toBe('Tue 18 Nov 2025');
    expect(bucketLong('2026-W47', 'week', TODAY)).toBe('Week 47, 16 Nov to 22 Nov');
    expect(bucketLong('2026-11-20T14:00+01:00', 'hour', TODAY)).toBe('Fri 20 Nov, 14:00');
    expect(rangeWords({ from: '2025-12-30', to: '2026-01-02' }, TODAY)).toBe('30 Dec 2025 to 2 Jan');
  });
});
