import { oneLine, parseTime, plainWords } from './format';
import type { SessionRow, SubAgent, ToolCall } from './types';

/** What a card shows: the server's state, with a failure at a limit told apart. */
export type View = 'permission' | 'input' | 'failed' | 'limited' | 'stuck' | 'working' | 'idle' | 'ended';

/** A tool call that has run for so long may hang; the server's overview uses the same time. */
export const LONG_MS = 600_000;

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
  stuck: 4,
  working: 5,
  idle: 6,
  ended: 7,
};

/** How the cards can be ordered, and the words for it. */
export const SORTS = [
  ['need', 'Who needs me first'],
  ['start', 'Newest first'],
  ['active', 'Last active first'],
  ['cost', 'Dearest first'],
] as const;
export type SortName = (typeof SORTS)[number][0];

/** The tool call of a working session, its own or a sub-agent's, that has run for long; or null. */
export function longCall(session: SessionRow, now: number): ToolCall | null {
  const calls = [
    session.state === 'working' ? session.tool : null,
    ...session.subagents.map((sub) => (sub.state === 'working' ? sub.tool : null)),
  ];
  return calls.find((call) => call && now - parseTime(call.since, now) >= LONG_MS) ?? null;
}

/** The state a session's card shows as of `now`. */
export function viewOf(session: SessionRow, now = 0): View {
  if (session.state === 'working' && now > 0 && longCall(session, now)) return 'stuck';
  if (session.state === 'failed') return session.state_reason === 'rate_limit' ? 'limited' : 'failed';
  return session.state;
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
  return RANK[view] <= RANK.stuck;
}

/** Whether a session in this view passes the filter. */
export function passes(view: View, filter: StateFilter): boolean {
  if (filter === 'live') return true;
  if (filter === 'need') return needsYou(view);
  if (filter === 'working') return view === 'working' || view === 'stuck';
  return view === 'idle' || view === 'ended';
}

/**
 * By need, then by start with the newest first, then by id: nothing in this order changes while no
 * session changes its state, so cards do not jump.
 */
export function byNeed(a: SessionRow, b: SessionRow, now = 0): number {
  return RANK[viewOf(a, now)] - RANK[viewOf(b, now)] || byStart(a, b);
}

/** The newest first. */
export function byStart(a: SessionRow, b: SessionRow): number {
  const start = parseTime(b.started_at, 0) - parseTime(a.started_at, 0);
  if (start !== 0) return start;
  return a.id < b.id ? -1 : 1;
}

/** The order of a name. */
export function sorted(rows: readonly SessionRow[], sort: SortName, now: number): SessionRow[] {
  if (sort === 'need') return [...rows].sort((a, b) => byNeed(a, b, now));
  if (sort === 'start') return [...rows].sort(byStart);
  if (sort === 'cost')
    return [...rows].sort((a, b) => (b.total_cost_usd ?? 0) - (a.total_cost_usd ?? 0) || byStart(a, b));
  return [...rows].sort(
    (a, b) => parseTime(b.last_event_at, 0) - parseTime(a.last_event_at, 0) || byStart(a, b),
  );
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
  return session.tokens_in + session.tokens_out + session.cache_read_tokens + session.cache_write_tokens;
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
export function countByFilter(sessions: readonly SessionRow[], now = 0): Record<StateFilter, number> {
  const counts = { live: 0, need: 0, working: 0, idle: 0 };
  for (const session of sessions) {
    const view = viewOf(session, now);
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
