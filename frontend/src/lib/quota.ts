/** Windows of use: how full they are, and where the present rate leads. */

import type { UsageWindow } from './schema';

export type { UsageWindow } from './schema';

/** What a gauge shows, as percentages of its length. */
export interface Gauge {
  used: number;
  /** Where the present rate leads by the reset; not below what is used. */
  will: number;
  /** How much of the window's time has passed; null where its length is not known. */
  passed: number | null;
  /** Full already, full before it resets, or neither. */
  level: 'full' | 'soon' | 'calm';
}

/** Whether a window says anything: a guessed one that is not in use does not. */
export function hasSomething(window: UsageWindow): boolean {
  return window.source === 'reported' || (window.used ?? 0) > 0;
}

/** By agent, the shorter windows first; windows of an unknown length at the end. */
export function sortWindows(windows: readonly UsageWindow[]): UsageWindow[] {
  const hours = (window: UsageWindow) => window.window_hours ?? Infinity;
  const fullest = new Map<string, number>();
  for (const { agent_type, used_percent } of windows) {
    fullest.set(agent_type, Math.max(fullest.get(agent_type) ?? 0, used_percent ?? 0));
  }
  return [...windows].sort(
    (a, b) =>
      (fullest.get(b.agent_type) ?? 0) - (fullest.get(a.agent_type) ?? 0) ||
      a.agent_type.localeCompare(b.agent_type) ||
      hours(a) - hours(b) ||
      a.window.localeCompare(b.window),
  );
}

const clamp = (value: number) => Math.min(100, Math.max(0, value));

/** The gauge of a window at a moment in milliseconds; null where no limit is known. */
export function gaugeOf(window: UsageWindow, now: number): Gauge | null {
  const { used_percent: percent } = window;
  if (percent === null) return null;
  const start = window.starts_at === null ? NaN : Date.parse(window.starts_at);
  const end = window.ends_at === null ? NaN : Date.parse(window.ends_at);
  const passed = end > start ? clamp(((now - start) / (end - start)) * 100) : null;
  const level = percent >= 100 ? 'full' : window.limit_reached_at !== null ? 'soon' : 'calm';
  const used = clamp(percent);
  return {
    used,
    will: Math.max(used, clamp(level === 'soon' ? 100 : (window.projected_percent ?? percent))),
    passed,
    level,
  };
}

/** A window's length in words: 5 hours, 7 days; else its name. */
export function lengthWords(window: UsageWindow): string {
  const hours = window.window_hours;
  if (hours === null) return window.window.replaceAll('_', ' ');
  if (hours >= 48 && hours % 24 === 0) return `${hours / 24} days`;
  return hours === 1 ? '1 hour' : `${Number(hours.toFixed(1))} hours`;
}

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const DAY_MS = 86_400_000;

/** A moment in as few words as are clear: 16:00, Thu 09:00, 3 Dec, 09:00. */
export function soonWords(at: number, now: number): string {
  const away = Math.abs(at - now);
  if (away > 6 * DAY_MS) return date.format(at);
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return sameDay ? time.format(at) : weekday.format(at).replace(',', '');
}
