import { visible } from './format';
import type { IconName } from './icons';
import type { Hit } from './schema';
import type { SessionRow } from './types';

export type { Hit } from './schema';

/** The snippet in pieces, of which some were found. */
export function pieces(hit: Pick<Hit, 'snippet' | 'highlights'>): { text: string; found: boolean }[] {
  const signs = Array.from(hit.snippet);
  const out: { text: string; found: boolean }[] = [];
  let at = 0;
  const put = (end: number, found: boolean) => {
    if (end <= at) return;
    out.push({ text: visible(signs.slice(at, end).join('').replace(/\s+/g, ' ')), found });
    at = end;
  };
  for (const [from, to] of hit.highlights) {
    put(Math.min(from, signs.length), false);
    put(Math.min(to, signs.length), true);
  }
  put(signs.length, false);
  return out;
}

/** Where it was found, in a word and a sign. */
export function placeOf(hit: Pick<Hit, 'column' | 'tool_name'>): { word: string; icon: IconName } {
  const PLACES: Record<string, [string, IconName]> = {
    prompt: ['Prompt', 'user'],
    answer: ['Answer', 'input'],
    command: [hit.tool_name ?? 'Command', 'terminal'],
    path: [hit.tool_name ?? 'Path', 'file'],
    output: [hit.tool_name ? `${hit.tool_name}, output` : 'Output', 'terminal'],
  };
  const [word, icon] = PLACES[hit.column] ?? [hit.column, 'search'];
  return { word, icon };
}

/** The rows of a page that are not there yet. */
export function newRows(page: readonly SessionRow[], have: readonly SessionRow[]): SessionRow[] {
  const known = new Set(have.map((row) => row.id));
  return page.filter((row) => !known.has(row.id));
}

/** Which rows of a list lie in sight; `top` is how far its head lies above the window's. */
export function rowsInSight(
  total: number,
  top: number,
  height: number,
  row: number,
): { from: number; to: number } {
  const MARGIN = 12;
  const from = Math.max(0, Math.min(total, Math.floor(top / row) - MARGIN));
  return { from, to: Math.max(from, Math.min(total, Math.ceil((top + height) / row) + MARGIN)) };
}
