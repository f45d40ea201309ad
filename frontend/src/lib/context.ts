import type { FeedItem } from './describe';
import { percent, short } from './format';

/** How much of a conversation a model had before it, and when that was. */
export interface Context {
  tokens: number;
  time: number;
}

/** How much of a model's window a context fills, 0 to 1; null where the window is unknown, or cannot be right. */
export function shareOf(tokens: number, window: number | null): number | null {
  return window === null || window <= 0 || tokens > window ? null : tokens / window;
}

/** What is known of a context in a few words: "62% of 200k context", else "124k context". */
export function contextWords(tokens: number, window: number | null): string {
  const share = shareOf(tokens, window);
  return share === null || window === null
    ? `${short(tokens)} context`
    : `${percent(share)} of ${short(window)} context`;
}

/** Sessions that are remembered; beyond that the older half is forgotten. */
const LIMIT = 1000;

/** The newest figure of each session, from events in any order; the same object when nothing changed. */
export function withContexts(
  known: Readonly<Record<string, Context>>,
  items: readonly FeedItem[],
): Readonly<Record<string, Context>> {
  let next: Record<string, Context> | null = null;
  for (const item of items) {
    if (item.context === null) continue;
    const old = (next ?? known)[item.session];
    if (old && old.time > item.time) continue;
    next ??= { ...known };
    next[item.session] = { tokens: item.context, time: item.time };
  }
  if (!next) return known;
  const all = Object.entries(next);
  if (all.length <= LIMIT) return next;
  all.sort(([, a], [, b]) => b.time - a.time);
  return Object.fromEntries(all.slice(0, LIMIT / 2));
}
