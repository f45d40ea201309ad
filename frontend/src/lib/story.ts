import type { StoryEntry, TurnRow } from './schema';

export type { FileTouched, SessionDetail, SubagentUsed, ToolUsed } from './schema';

/** One entry of the transcript. Everything said in it is untrusted text; `input` may hold any JSON. */
export type Entry = Omit<StoryEntry, 'input'> & { input: Record<string, unknown> | null };
/** One turn, with where in it its time went. */
export type Turn = TurnRow;

/** A run of calls that one thread made without a word between. */
export interface Calls {
  t: 'calls';
  key: string;
  calls: Entry[];
  subagent: string | null;
}

/** What the transcript shows, one after the other. */
export type Part =
  | { t: 'turn'; key: string; entry: Entry }
  | { t: 'say'; key: string; entry: Entry }
  | { t: 'note'; key: string; entry: Entry }
  | Calls;

/** Calls in one run at most: each run is drawn by itself, and only when it is near. */
const MOST_CALLS = 60;
/** Types of which nothing is to be read. */
const SILENT = new Set(['llm_request', 'hook']);
const SPOKEN = new Set(['llm_response', 'llm_request', 'response', 'turn_end', 'plan_step', 'user_prompt']);

const isSame = (a: string | null, b: string | null) => a !== null && b !== null && a.trim() === b.trim();

/** The command, pattern or path that a call is about. */
export function subjectOf(entry: Entry): string {
  const input = entry.input ?? {};
  for (const key of [
    'command',
    'message',
    'pattern',
    'query',
    'url',
    'file_path',
    'path',
    'description',
    'skill',
    'prompt',
  ]) {
    const value = input[key];
    if (typeof value === 'string' && value.trim()) return value;
    if (Array.isArray(value) && value.every((part) => typeof part === 'string') && value.length > 0)
      return value.join(' ');
  }
  return entry.file_path ?? entry.text ?? '';
}

/** Puts entries together as they are read: turns begin with prompts, calls without words between stand together. */
export function partsOf(entries: readonly Entry[]): Part[] {
  const out: Part[] = [];
  let said: string | null = null;
  const asked = answeredQuestions(entries);
  for (const entry of entries) {
    const key = `e${entry.id}`;
    if (entry.type === 'user_prompt' && entry.subagent_id === null) {
      out.push({ t: 'turn', key: `t${entry.id}`, entry }, { t: 'say', key, entry });
      said = null;
    } else if (SPOKEN.has(entry.type)) {
      // The same words often come twice: with the answer, and as the last ones of the turn.
      if (!entry.text?.trim() || isSame(entry.text, said)) continue;
      said = entry.text;
      out.push({ t: 'say', key, entry });
    } else if (entry.role === 'tool' || entry.type === 'permission_request') {
      if (asked.has(entry.id)) continue;
      const last = out[out.length - 1];
      if (last?.t === 'calls' && last.subagent === entry.subagent_id && last.calls.length < MOST_CALLS)
        last.calls.push(entry);
      else out.push({ t: 'calls', key, calls: [entry], subagent: entry.subagent_id });
    } else if (!SILENT.has(entry.type) || entry.text) {
      out.push({ t: 'note', key, entry });
    }
  }
  return out;
}

/** Questions for a permission after which the call itself is told: the call says it all. */
function answeredQuestions(entries: readonly Entry[]): Set<number> {
  const done = new Set<number>();
  entries.forEach((entry, i) => {
    if (entry.type !== 'permission_request') return;
    for (let j = i + 1; j < Math.min(entries.length, i + 30); j += 1) {
      const later = entries[j];
      if (!later || later.type === 'user_prompt') break;
      if (
        later.type === 'tool_use' &&
        later.tool_name === entry.tool_name &&
        subjectOf(later) === subjectOf(entry)
      ) {
        done.add(entry.id);
        break;
      }
    }
  });
  return done;
}

/** A line of a run of calls: one call, or several that only looked around. */
export type CallLine = { t: 'call'; entry: Entry } | { t: 'fold'; key: string; entries: Entry[] };

const READING =
  /^(read|view|open|cat|grep|glob|search|find|list|ls|rg)|_(read|search|file|files|directory)$|^(read|list|search|grep)_/i;

/** Folds three and more successful look-ups in a row into one line. */
export function foldCalls(calls: readonly Entry[], open: ReadonlySet<number>): CallLine[] {
  const out: CallLine[] = [];
  let run: Entry[] = [];
  const flush = () => {
    const [first] = run;
    if (first && run.length >= 3) out.push({ t: 'fold', key: `f${first.id}`, entries: run });
    else out.push(...run.map((entry): CallLine => ({ t: 'call', entry })));
    run = [];
  };
  for (const entry of calls) {
    const looks =
      entry.type === 'tool_use' && READING.test(entry.tool_name ?? '') && entry.status === 'success';
    if (looks && !open.has(entry.id)) run.push(entry);
    else {
      flush();
      out.push({ t: 'call', entry });
    }
  }
  flush();
  return out;
}

/** What a fold says: "4 reads, 2 searches". */
export function foldWords(entries: readonly Entry[]): string {
  const searches = entries.filter((entry) => /grep|search|glob|find|rg/i.test(entry.tool_name ?? '')).length;
  const reads = entries.length - searches;
  const words = [
    ...(reads > 0 ? [`${reads} ${reads === 1 ? 'read' : 'reads'}`] : []),
    ...(searches > 0 ? [`${searches} ${searches === 1 ? 'search' : 'searches'}`] : []),
  ];
  return words.join(', ');
}

/** The number after "exit code" in what a failed call says; null when there is none. */
export function exitCode(entry: Entry): string | null {
  return (
    /\bexit(?:ed with)?(?: code| status)?:? (-?\d{1,10})\b/i.exec((entry.error ?? '').slice(0, 500))?.[1] ??
    null
  );
}

/** Puts a newer page into what is there: entries that came again are replaced, new ones stand behind. */
export function mergeEntries(have: readonly Entry[], page: readonly Entry[]): Entry[] {
  const newer = new Map(page.map((entry) => [entry.id, entry]));
  const kept = have.map((entry) => {
    const again = newer.get(entry.id);
    newer.delete(entry.id);
    return again ?? entry;
  });
  return [...kept, ...newer.values()];
}

/** The entries of a page that are not there yet. */
export function newOnes(page: readonly Entry[], have: readonly Entry[]): Entry[] {
  const known = new Set(have.map((entry) => entry.id));
  return page.filter((entry) => !known.has(entry.id));
}

/** The last two turns: what somebody wants to see of a session that goes on. */
export function lastTurns(entries: readonly Entry[]): Entry[] {
  const starts = entries.flatMap((entry, i) =>
    entry.type === 'user_prompt' && entry.subagent_id === null ? [i] : [],
  );
  return entries.slice(starts.at(-2) ?? 0);
}

/** About how high a part will be, in pixels: what stands in for it until it is drawn. */
export function heightOf(part: Part): number {
  if (part.t === 'turn') return 36;
  if (part.t === 'calls') {
    const open = part.calls.filter((call) => call.status !== 'success').length;
    return part.calls.length * 35 + open * 120;
  }
  const text = (part.entry.text ?? '').slice(0, 16_000);
  const lines = text.split('\n').reduce((sum, line) => sum + 1 + Math.floor(line.length / 95), 0);
  return part.t === 'say' ? Math.max(1, lines) * 23 : 22;
}
