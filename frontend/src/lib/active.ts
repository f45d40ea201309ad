/** What was done on each day, by what it can be shown. */
import { int, money, moneyExact, short } from './format';
import { addDays, type Day } from './periods';
import type { ActiveDay, ActiveHour } from './schema';
import { weekday } from './heat';

/** What a calendar can show, by the word in the address and the one on the button. */
export const METRICS = [
  ['events', 'Events'],
  ['sessions', 'Sessions'],
  ['lines', 'Lines'],
  ['commits', 'Commits'],
  ['tokens', 'Tokens'],
  ['cost', 'Cost'],
] as const;
export type Metric = (typeof METRICS)[number][0];

/** Weeks of a calendar. */
export const WEEKS = 53;

/** The days of a calendar that ends today: whole weeks, but for the one that goes on. */
export function calendarRange(today: Day): { from: Day; to: Day } {
  return { from: addDays(today, -((WEEKS - 1) * 7 + weekday(today))), to: today };
}

/** A day on which nothing happened. `typed`: whether prompts and commits are known at all. */
export function emptyDay(date: Day, typed: boolean): ActiveDay {
  const unknown = typed ? 0 : null;
  return {
    date,
    events: 0,
    errors: 0,
    tokens: 0,
    cost_usd: 0,
    prompts: unknown,
    commits: unknown,
    sessions: 0,
    lines_added: 0,
    lines_removed: 0,
    files_edited: 0,
  };
}

/** The value of a day. */
export function valueOf(day: ActiveDay, metric: Metric): number {
  if (metric === 'lines') return day.lines_added + day.lines_removed;
  if (metric === 'cost') return day.cost_usd;
  if (metric === 'commits') return day.commits ?? 0;
  return day[metric];
}

/** The value of an hour of the week; null where hours have no such sum. */
export function hourValue(hour: ActiveHour, metric: Metric): number | null {
  if (metric === 'cost') return hour.cost_usd;
  return metric === 'tokens' || metric === 'events' ? hour[metric] : null;
}

/** A value in words: 1,204 events, 1 session, $3.20. */
export function valueWords(value: number, metric: Metric, exact = false): string {
  if (metric === 'cost') return exact ? moneyExact(value) : money(value);
  const unit = { events: 'event', sessions: 'session', lines: 'line', commits: 'commit', tokens: 'token' }[
    metric
  ];
  const number = metric === 'tokens' && !exact ? short(value) : int(value);
  return `${number} ${unit}${value === 1 ? '' : 's'}`;
}

/** The weekdays, Monday first. */
export const WEEKDAYS = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

/** The hours of the week as a value each, Monday first. */
export function weekOf(hours: readonly ActiveHour[], metric: Metric): number[][] {
  const rows = WEEKDAYS.map(() => new Array<number>(24).fill(0));
  for (const hour of hours) {
    const row = rows[hour.weekday - 1];
    if (row && hour.hour >= 0 && hour.hour < 24) row[hour.hour] = hourValue(hour, metric) ?? 0;
  }
  return rows;
}

/** The strongest cell of a week; null where all are nothing. */
export function busiest(
  rows: readonly (readonly number[])[],
): { weekday: number; hour: number; value: number } | null {
  let best: { weekday: number; hour: number; value: number } | null = null;
  rows.forEach((row, day) =>
    row.forEach((value, hour) => {
      if (value > (best?.value ?? 0)) best = { weekday: day, hour, value };
    }),
  );
  return best;
}
