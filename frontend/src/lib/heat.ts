import { addDays, dayAt, dayNumber, type Day } from './periods';

/** How strong a cell is: 0 is nothing, 4 the most. */
export type Level = 0 | 1 | 2 | 3 | 4;

/** Where the levels begin: quartiles of what is above zero, so that one wild day does not pale the rest. */
export function thresholds(values: readonly number[]): [number, number, number] {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return [at(0.25), at(0.5), at(0.75)];
}

/** The level of a value. */
export function levelOf(value: number, [low, middle, high]: readonly [number, number, number]): Level {
  if (!(value > 0)) return 0;
  // Where everything is equal, it is the most there is.
  if (value >= high) return 4;
  if (value >= middle) return 3;
  return value >= low ? 2 : 1;
}

/** One cell of a calendar; `index` is null before the first and after the last day. */
export interface Cell {
  day: Day;
  inside: boolean;
}

/** A calendar of whole weeks from Monday to Sunday, by weekday and then by week. */
export interface Calendar {
  /** Seven rows, Monday first, of as many cells as there are weeks. */
  rows: Cell[][];
  /** Where each month begins, as the column and the first day of it there. */
  months: { column: number; span: number; day: Day }[];
}

/** The weekday of a day: 0 is Monday. */
export function weekday(day: Day): number {
  return (((dayNumber(day) + 3) % 7) + 7) % 7;
}

/** The calendar of a range of days. */
export function calendarOf(from: Day, to: Day): Calendar {
  const first = dayNumber(from) - weekday(from);
  const last = dayNumber(to);
  const weeks = Math.floor((last - first) / 7) + 1;
  const rows = Array.from({ length: 7 }, (_, row) =>
    Array.from({ length: weeks }, (_, week) => {
      const number = first + week * 7 + row;
      return { day: dayAt(number), inside: number >= dayNumber(from) && number <= last };
    }),
  );
  const months: Calendar['months'] = [];
  for (let column = 0; column < weeks; column += 1) {
    // A column counts to the month that its Sunday lies in: that is where most of a new month is seen.
    const sunday = dayAt(Math.min(first + column * 7 + 6, last));
    const known = months[months.length - 1];
    if (known && known.day.slice(0, 7) === sunday.slice(0, 7)) known.span += 1;
    else months.push({ column, span: 1, day: `${sunday.slice(0, 7)}-01` });
  }
  return { rows, months };
}

/** The days of a range with their values; days that are not listed have none. */
export function fill<T extends { date: Day }>(
  from: Day,
  to: Day,
  days: readonly T[],
  empty: (day: Day) => T,
): T[] {
  const known = new Map(days.map((day) => [day.date, day]));
  const found: T[] = [];
  for (let day = from; day <= to; day = addDays(day, 1)) found.push(known.get(day) ?? empty(day));
  return found;
}
