import { oneLine, parseTime, plainWords } from './format';
import type { SessionRow, SubAgent } from './types';

/** What a card shows: the server's state, with a failure at a limit told apart. */
export type View = 'permission' | 'input' | 'failed' | 'limited' | 'working' | 'idle' | 'ended';

/** The choices of the filter above the cards. */
export type StateFilter = 'live' | 'need' | 'working' | 'idle';

/** The filter's choices and their words, in order. */
export const STATE_FILTERS: readonly (readonly [StateFilter, string])[] = [
  ['live', 'Live'],
  ['need', 'Need you'],
  ['working', 'Working'],
  ['idle', 'Idle'],
];

const RANK: Record<View, number> = {
  permission: 0,
  input: 1,
  failed: 2,
  limited: 3,
  working: 4,
  idle: 5,
  ended: 6,
};

/** The state a session's card shows. */
export function viewOf(session: SessionRow): View {
  if (session.state === 'failed') return session.state_reason === 'rate_limit' ? 'limited' : 'failed';
  if (session.state) return session.state;
  if (session.status === 'active') return 'working';
  return session.status;
}

/** Whether a session still belongs on the page. */
export function isLive(session: SessionRow): boolean {
  if (session.status !== 'ended') return true;
  return session.state === 'working' || session.state === 'permission' || session.state === 'input';
}

/** Whether a person is being waited for right now. */
export function isWaiting(view: View): boolean {
  return view === 'permission' || view === 'input';
}

/** Whether a session needs somebody: it waits, it failed, or it met a limit. */
export function needsYou(view: View): boolean {
  return RANK[view] <= RANK.limited;
}

/** Whether a session in this view passes the filter. */
export function passes(view: View, filter: StateFilter): boolean {
  if (filter === 'live') return true;
  if (filter === 'need') return needsYou(view);
  if (filter === 'working') return view === 'working';
  return view === 'idle' || view === 'ended';
}

/**
 * By need, then by start with the newest first, then by id: nothing in this order changes while no
 * session changes its state, so cards do not jump.
 */
export function byNeed(a: SessionRow, b: SessionRow): number {
  const rank = RANK[viewOf(a)] - RANK[viewOf(b)];
  if (rank !== 0) return rank;
  const start = parseTime(b.started_at, 0) - parseTime(a.started_at, 0);
  if (start !== 0) return start;
  return a.id < b.id ? -1 : 1;
}

/** What is waited for first stands first. */
export function byWait(a: SessionRow, b: SessionRow): number {
  return sinceOf(a) - sinceOf(b) || (a.id < b.id ? -1 : 1);
}

/** When the session's present state began. */
export function sinceOf(session: SessionRow): number {
  return parseTime(session.state_since, parseTime(session.last_event_at, 0));
}

/** A session's name: its title, else its project and the start of its id. */
export function titleOf(session: SessionRow): string {
  const title = oneLine(session.title ?? '', 200);
  if (title) return title;
  const id = session.id.slice(0, 8);
  return session.project ? `${session.project}, session ${id}` : `Session ${id}`;
}

/** Everything that went through the model: new input, output, and the cache's reads and writes. */
export function tokensOf(session: SessionRow): number {
  return (
    session.tokens_in +
    session.tokens_out +
    (session.cache_read_tokens ?? 0) +
    (session.cache_write_tokens ?? 0)
  );
}

/** Sub-agents in the order a card lists them: those at work by start, then the last ones that ended. */
export function orderSubAgents(
  subs: readonly SubAgent[],
  endedShown = 2,
): { shown: SubAgent[]; more: number } {
  const at = (sub: SubAgent) => parseTime(sub.since, 0);
  const active = subs.filter((sub) => sub.state !== 'ended').sort((a, b) => at(a) - at(b));
  const ended = subs.filter((sub) => sub.state === 'ended').sort((a, b) => at(b) - at(a));
  const shown = [
    ...active.slice(0, 6),
    ...ended.slice(0, Math.max(0, Math.min(endedShown, 4 - active.length))),
  ];
  return { shown, more: subs.length - shown.length };
}

/** How many sessions pass each filter. */
export function countByFilter(sessions: readonly SessionRow[]): Record<StateFilter, number> {
  const counts = { live: 0, need: 0, working: 0, idle: 0 };
  for (const session of sessions) {
    const view = viewOf(session);
    for (const [filter] of STATE_FILTERS) if (passes(view, filter)) counts[filter] += 1;
  }
  return counts;
}

/** A reason in a person's words: `billing_error` becomes "Billing error". */
export function reasonWords(reason: string | null | undefined): string | null {
  if (!reason) return null;
  const words = plainWords(oneLine(reason, 40));
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the server says beside the state: what is asked, what failed, or the last words. */
export function detailOf(session: SessionRow): string {
  return plainWords(session.state_detail ?? '');
}

/** What stands at the head of a row that waits for somebody. */
export function askHead(session: SessionRow): string {
  if (viewOf(session) === 'permission') {
    return session.tool ? `Wants to run ${oneLine(session.tool.name, 60)}` : 'Wants your permission';
  }
  if (session.state_reason === 'idle_prompt') return 'Waits for you';
  if (session.state_reason === 'elicitation') return 'Asks you to fill in a form';
  return 'Asks you';
}

/** What is asked, whole, as the agent wrote it. */
export function askText(session: SessionRow): string {
  return session.state_detail ?? session.tool?.detail ?? '';
}

/** Sessions by their ids. */
export type Rows = ReadonlyMap<string, SessionRow>;

/** The server's answer as the new truth, except for sessions that frames spoke of since the question. */
export function replaceRows(old: Rows, answer: readonly SessionRow[], touched: ReadonlySet<string>): Rows {
  const next = new Map<string, SessionRow>();
  for (const id of touched) {
    const row = old.get(id);
    if (row) next.set(id, row);
  }
  for (const row of answer) if (!touched.has(row.id) && isLive(row)) next.set(row.id, row);
  return next;
}

/** The rows after some frames; a session that is no longer live leaves. */
export function updateRows(old: Rows, frames: readonly SessionRow[]): Rows {
  const next = new Map(old);
  for (const row of frames) {
    if (isLive(row)) next.set(row.id, row);
    else next.delete(row.id);
  }
  return next;
}
