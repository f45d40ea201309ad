/** Turns figures, times and untrusted text into what the page shows. Pure, and without a locale surprise. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const exactMoney = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 10,
});
const fullDate = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** What stands where nothing is known; unknown is not zero. */
export const UNKNOWN = '–';

/** A whole number with thousands separators. */
export function int(value: number): string {
  return whole.format(value);
}

/** A number in at most three digits and a unit: 612, 1.9k, 388k, 3.42M, 1.2B. */
export function short(value: number): string {
  const units = ['', 'k', 'M', 'B', 'T'];
  let unit = 0;
  let rest = Math.max(0, value);
  // 999,500 would read "1000k", so a step is taken where rounding would reach it.
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  if (unit === 0) return String(Math.round(rest));
  return `${Number(rest.toPrecision(3))}${units[unit]}`;
}

/** A number of lines: exact as long as it is short, 9,412; then in three digits, 22.1k. */
export function lines(value: number): string {
  return value < 10_000 ? int(value) : short(value);
}

/** Money to the cent. What is above zero but below half a cent must not read as nothing. */
export function money(value: number): string {
  return value > 0 && value < 0.005 ? '<$0.01' : cents.format(value);
}

/** Money to the last digit, for the hover. */
export function moneyExact(value: number): string {
  return exactMoney.format(value);
}

/** A share of one as a percentage without digits; what is not quite all must not read 100. */
export function percent(share: number): string {
  const value = share * 100;
  const rounded = Math.round(value);
  return `${rounded === 100 && value < 100 ? 99 : rounded}%`;
}

/** How much of a limit is used, as a whole percentage: what is not quite full must not read so. */
export function usedPercent(value: number): string {
  return value > 0 && value < 1 ? '<1' : int(Math.floor(value));
}

/** `one` or `many`, with its number. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${int(value)} ${value === 1 ? one : many}`;
}

const pad = (value: number) => String(value).padStart(2, '0');

/** A span that runs: 0:07, 6m 12s, 18h 34m, 3d 4h. */
export function elapsed(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `0:${pad(s)}`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
  return coarse(s);
}

function coarse(s: number): string {
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** How long ago: now, 12s ago, 3m ago, 2h ago, 4d ago. */
export function ago(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 3) return 'now';
  if (s < 60) return `${s}s ago`;
  if (s < 3600) return `${Math.floor(s / 60)}m ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ago`;
  return `${Math.floor(s / 86_400)}d ago`;
}

/** The time of day in the browser's zone: 14:26:07. */
export function clock(time: number): string {
  const at = new Date(time);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });
const monthDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** A moment in a few letters: 15:31 today, Thu 09:00 within a week, else 9 Oct. */
export function moment(time: number, now: number): string {
  const at = new Date(time);
  const hours = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  if (midnight(time).getTime() === midnight(now).getTime()) return hours;
  return Math.abs(time - now) < 6 * 86_400_000 ? `${weekday.format(at)} ${hours}` : monthDay.format(at);
}

/** Date and time in the browser's zone, for the hover. */
export function absolute(time: number): string {
  return Number.isFinite(time) ? fullDate.format(time) : 'at an unknown time';
}

/** Milliseconds since 1970 of an ISO stamp; `fallback` when there is none or it is not one. */
export function parseTime(iso: string | null | undefined, fallback: number): number {
  const time = iso ? Date.parse(iso) : NaN;
  return Number.isNaN(time) ? fallback : time;
}

/** The last local midnight before `now`. */
export function midnight(now: number, daysBack = 0): Date {
  const at = new Date(now);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() - daysBack);
}

/** Head and tail of a text whose middle may be cut: a branch's ticket stands at its end. */
export function splitMiddle(text: string, tailLength = 14): [string, string] {
  if (text.length <= tailLength + 6) return [text, ''];
  const from = text.length - tailLength;
  const seam = text.slice(from).search(/[-_/.]/);
  const at = seam >= 0 && seam < tailLength - 3 ? from + seam : from;
  return [text.slice(0, at), text.slice(at)];
}

// Control characters, and those that reorder what stands around them: in a command that somebody is to
// approve they could make it read as another one. Tab and line break are ordinary text.
const TRICKY = /(?![\t\n\r])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Untrusted text with its reordering and control characters written out. */
export function visible(text: string): string {
  return text.replace(TRICKY, (ch) => `\\u{${(ch.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Untrusted text for one line: no line breaks, nothing tricky, and no longer than a line can use. */
export function oneLine(text: string, limit = 400): string {
  const flat = visible(
    text
      .slice(0, limit * 2)
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return flat.length > limit ? `${flat.slice(0, limit)}…` : flat;
}

/** A machine's word in a person's (`rate_limit` becomes "Rate limit"); any other text as it is. */
export function plainWords(text: string): string {
  if (!/^[a-z]+(_[a-z]+)+$/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll('_', ' ');
}
