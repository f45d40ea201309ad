import type { FeedItem } from './describe';

/** Every row of the feed is this high, in CSS as well: that is what makes the window cheap to find. */
export const ROW_HEIGHT = 44;

/** Rows drawn beyond the edge, so that a quick scroll does not show gaps. */
const MARGIN = 8;

/** Which rows of a list have to be drawn for a box that is scrolled to `top`. */
export function windowOf(total: number, top: number, height: number): { from: number; to: number } {
  const first = Math.floor(Math.max(0, top) / ROW_HEIGHT) - MARGIN;
  const last = Math.ceil((Math.max(0, top) + height) / ROW_HEIGHT) + MARGIN;
  const from = Math.max(0, Math.min(first, total - (last - first)));
  return { from, to: Math.min(total, Math.max(last, 0)) };
}

/** How far the list has to be scrolled so that a row that moved stands where it stood. */
export function shiftOf(rows: readonly FeedItem[], anchor: { id: number; index: number }): number {
  if (rows[anchor.index]?.id === anchor.id) return 0;
  const index = rows.findIndex((row) => row.id === anchor.id);
  return index < 0 ? 0 : (index - anchor.index) * ROW_HEIGHT;
}
