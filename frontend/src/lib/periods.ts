import type { Param } from './params';

/** A calendar day as `2026-11-24`: the server takes it in the zone it is asked for. */
export type Day = string;
/** How long one bar of a chart lasts. */
export type Bucket = 'hour' | 'day' | 'week' | 'month';

/** The periods to choose from, by the word in the address and the one on the button. */
export const PERIODS = [
  ['today', 'Today'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['month', 'Month'],
  ['12m', '12 months'],
] as const;
export type PeriodName = (typeof PERIODS)[number][0] | 'own';

/** A range of days, the last one among them. */
export interface Period {
  name: PeriodName;
  from: Day;
  to: Day;
}

/** The most bars that the server adds up, and the fewest that say anything. */
const MAX_BUCKETS = 500;
const DAY_MS = 86_400_000;
const BUCKETS: readonly Bucket[] = ['hour', 'day', 'week', 'month'];

const pad = (value: number) => String(value).padStart(2, '0');

/** The browser's time zone; a browser that names none gets UTC. */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** The day of a moment on the browser's clocks. */
export function dayOf(time: number): Day {
  const at = new Date(time);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** Days since 1970. Reckoned in UTC, where every day has 24 hours. */
export function dayNumber(day: Day): number {
  return Math.round(Date.parse(`${day}T00:00:00Z`) / DAY_MS);
}

/** The day with this number. */
export function dayAt(number: number): Day {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

/** The day so many days later, or earlier. */
export function addDays(day: Day, days: number): Day {
  return dayAt(dayNumber(day) + days);
}

/** The same day of another month, or its last day where the month is shorter. */
export function addMonths(day: Day, months: number): Day {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}

/** How many days a range has. */
export function lengthOf(period: Pick<Period, 'from' | 'to'>): number {
  return dayNumber(period.to) - dayNumber(period.from) + 1;
}

/** Whether a text is a day that exists. */
export function isDay(text: string | null): text is Day {
  return text !== null && /^(19[7-9]\d|2[01]\d\d)-\d\d-\d\d$/.test(text) && dayAt(dayNumberOr(text)) === text;
}

function dayNumberOr(text: string): number {
  const number = dayNumber(text);
  return Number.isFinite(number) ? number : -1;
}

/** A day in the address; anything else is null. */
export const day: Param<Day | null> = {
  read: (raw) => (isDay(raw) ? raw : null),
  write: (value) => value,
};

/** The range that the address names: two days, else a word, else the default. */
export function periodOf(name: PeriodName, from: Day | null, to: Day | null, today: Day): Period {
  if (from !== null || to !== null) {
    const [low, high] = [from ?? to ?? today, to ?? (from !== null && from > today ? from : today)];
    return low <= high ? { name: 'own', from: low, to: high } : { name: 'own', from: high, to: low };
  }
  if (name === 'today') return { name, from: today, to: today };
  if (name === '7d') return { name, from: addDays(today, -6), to: today };
  if (name === 'month') return { name, from: `${today.slice(0, 8)}01`, to: today };
  if (name === '12m') return { name, from: addMonths(`${today.slice(0, 8)}01`, -11), to: today };
  return { name: '30d', from: addDays(today, -29), to: today };
}

/** The buckets that give a range more than one bar and no more than the server adds up. */
export function bucketsOf(period: Period): Bucket[] {
  const days = lengthOf(period);
  const bars: Record<Bucket, number> = {
    hour: days * 25,
    day: days,
    week: Math.ceil(days / 7) + 1,
    month: Math.ceil(days / 28) + 1,
  };
  const least: Record<Bucket, number> = { hour: 1, day: 2, week: 8, month: 32 };
  return BUCKETS.filter((bucket) => bars[bucket] <= MAX_BUCKETS && days >= least[bucket]);
}

/** The bucket that shows a range best. */
export function bucketFor(period: Period, wanted: Bucket | null): Bucket {
  const possible = bucketsOf(period);
  if (wanted !== null && possible.includes(wanted)) return wanted;
  const days = lengthOf(period);
  return days <= 2 ? 'hour' : days <= 62 ? 'day' : days <= 210 ? 'week' : 'month';
}

/** A range as the server is asked for it; `to` is a day with all of it, or a moment. */
export interface Asked {
  from: string;
  to: string;
}

/**
 * The range to compare with: as much of the period before as has passed of this one, so that half a day
 * is not held against a whole one.
 */
export function before(period: Period, now: number): Asked & { words: string } {
  const today = dayOf(now);
  const back = (day: Day) => {
    if (period.name === 'month') return addMonths(day, -1);
    if (period.name === '12m') return addMonths(day, -12);
    return addDays(day, -lengthOf(period));
  };
  const from = back(period.from);
  const words =
    period.name === 'today'
      ? 'yesterday'
      : period.name === 'month'
        ? 'the month before'
        : period.name === '12m'
          ? 'the year before'
          : lengthOf(period) === 1
            ? 'the day before'
            : `the ${lengthOf(period)} days before`;
  if (period.from > today || period.to !== today) return { from, to: addDays(period.from, -1), words };
  const at = new Date(now);
  const moment = `${back(today)}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  // A period of its first minute has nothing to be compared with yet; its first hour stands in.
  const first = `${from}T01:00`;
  return { from, to: moment < first ? first : moment, words: `${words}, up to this time` };
}

const shortDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const fullDay = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
const longMonth = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const shortMonth = new Intl.DateTimeFormat('en-GB', { month: 'short', timeZone: 'UTC' });

const utc = (day: Day) => Date.parse(`${day}T00:00:00Z`);

/** A day in few words: 24 Nov. */
export function dayShort(day: Day): string {
  return shortDay.format(utc(day));
}

/** A day with its weekday: Tue 24 Nov; with the year where that is another one. */
export function dayLong(day: Day, today: Day): string {
  const words = fullDay.format(utc(day)).replace(',', '');
  return day.slice(0, 4) === today.slice(0, 4) ? words : `${words} ${day.slice(0, 4)}`;
}

/** A month's short name: Nov. */
export function monthShort(day: Day): string {
  return shortMonth.format(utc(day));
}

/** A range in words: 26 Oct to 24 Nov. */
export function rangeWords(period: Pick<Period, 'from' | 'to'>, today: Day): string {
  const year = (day: Day) => (day.slice(0, 4) === today.slice(0, 4) ? '' : ` ${day.slice(0, 4)}`);
  const last = dayShort(period.to) + year(period.to);
  if (period.from === period.to) return last;
  const sameYear = period.from.slice(0, 4) === period.to.slice(0, 4);
  return `${dayShort(period.from)}${sameYear ? '' : year(period.from)} to ${last}`;
}

/** The Monday that an ISO week such as 2026-W47 begins with. */
export function mondayOf(week: string): Day {
  const [year = 1970, number = 1] = week.split('-W').map(Number);
  const fourth = dayNumber(`${year}-01-04`);
  // Day 0 was a Thursday; the week of the 4th of January is the first one.
  const monday = fourth - ((fourth + 3) % 7);
  return dayAt(monday + (number - 1) * 7);
}

/** The days of one bar, by the server's label of it, cut to the range. */
export function daysOf(label: string, bucket: Bucket, period: Period): { from: Day; to: Day } {
  const first = bucket === 'week' ? mondayOf(label) : bucket === 'month' ? `${label}-01` : label.slice(0, 10);
  const last =
    bucket === 'week' ? addDays(first, 6) : bucket === 'month' ? addDays(addMonths(first, 1), -1) : first;
  return {
    from: first < period.from ? period.from : first,
    to: last > period.to ? period.to : last,
  };
}

/** What a bar is called where there is room (nothing, when there is no such bar): Wed 18 Nov, 14:00; Week 47, 16 to 22 Nov; November 2026. */
export function bucketLong(label: string, bucket: Bucket, today: Day): string {
  if (label === '') return '';
  if (bucket === 'hour') return `${dayLong(label.slice(0, 10), today)}, ${label.slice(11, 16)}`;
  if (bucket === 'day') return dayLong(label, today);
  if (bucket === 'month') return longMonth.format(utc(`${label}-01`));
  const monday = mondayOf(label);
  return `Week ${Number(label.slice(-2))}, ${rangeWords({ from: monday, to: addDays(monday, 6) }, today)}`;
}

/** What a bar is called on the axis. */
export function bucketShort(label: string, bucket: Bucket, days: number): string {
  if (label === '') return '';
  if (bucket === 'hour') {
    const hour = label.slice(11, 16);
    return days > 2 && hour === '00:00' ? dayShort(label.slice(0, 10)) : hour;
  }
  if (bucket === 'day') return dayShort(label);
  if (bucket === 'month') {
    return label.endsWith('-01') ? label.slice(0, 4) : monthShort(`${label}-01`);
  }
  return dayShort(mondayOf(label));
}
