import { int, money, oneLine, parseTime, percent, plainWords, short } from './format';
import type { IconName } from './icons';
import type { EventRow } from './types';

/** The feed's chips. An event can belong to several: an edit is a tool call and a change to a file. */
export type Kind = 'tools' | 'model' | 'files' | 'prompts' | 'errors';

/** The chips and their words, in order. */
export const KINDS: readonly (readonly [Kind, string])[] = [
  ['tools', 'Tools'],
  ['model', 'Model'],
  ['files', 'Files'],
  ['prompts', 'Prompts'],
  ['errors', 'Errors'],
];

/** How loud a row is. */
export type Tone = 'plain' | 'quiet' | 'prompt' | 'ask' | 'error';

/** One event as the feed keeps it: small, ready to draw, and without the row it came from. */
export interface FeedItem {
  id: number;
  time: number;
  session: string;
  agent: string;
  project: string | null;
  tool: string | null;
  type: string;
  kinds: readonly Kind[];
  tone: Tone;
  icon: IconName | null;
  head: string;
  detail: string;
  /** Whether the detail is code: a command, a path, a pattern. */
  code: boolean;
  added: number | null;
  removed: number | null;
  /** Tokens that the model of the main thread had before it, or null where the event does not tell. */
  context: number | null;
}

type Meta = Record<string, unknown>;

function parseMeta(text: string): Meta {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Meta) : {};
  } catch {
    return {};
  }
}

function text(meta: Meta, ...keys: string[]): string {
  for (const key of keys) {
    const value = meta[key];
    if (typeof value === 'string' && value.trim()) return value;
    if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  }
  return '';
}

function figure(meta: Meta, key: string): number | null {
  const value = meta[key];
  return typeof value === 'number' && value > 0 ? value : null;
}

interface Words {
  head: string;
  detail?: string;
  code?: boolean;
  icon?: IconName;
  tone?: Tone;
}

/** Keys whose value is code, in the order in which a row prefers them. */
const CODE_KEYS = ['command', 'file_path', 'path', 'pattern'];
const PROSE_KEYS = ['query', 'url', 'description', 'message', 'prompt', 'subagent_type'];

function input(meta: Meta): Pick<Words, 'detail' | 'code'> {
  const code = text(meta, ...CODE_KEYS);
  return code ? { detail: code, code: true } : { detail: text(meta, ...PROSE_KEYS) };
}

function modelFigures(row: EventRow): string {
  const read = row.cache_read_tokens;
  const all = row.tokens_in + read + row.cache_write_tokens;
  const parts: string[] = [];
  if (row.tokens_out > 0) parts.push(`${short(row.tokens_out)} out`);
  if (all > 0) parts.push(`${short(all)} in`);
  if (read > 0) parts.push(`${percent(read / all)} cached`);
  if (row.cost_usd !== null) parts.push(money(row.cost_usd));
  else if (all + row.tokens_out > 0) parts.push('unpriced');
  return parts.join(', ');
}

function failure(row: EventRow, meta: Meta): Words {
  const what = row.tool_name ?? (row.event_type === 'error' ? 'Error' : row.event_type.replace(/_/g, ' '));
  const how = row.status === 'timeout' ? 'timed out' : row.tool_name ? 'failed' : '';
  const why = plainWords(text(meta, 'error', 'message'));
  const head = how ? `${what}, ${how}` : what;
  return { head, ...(why ? { detail: why } : input(meta)), icon: 'failed', tone: 'error' };
}

function words(row: EventRow, meta: Meta): Words {
  if (row.event_type === 'error' || row.status === 'error' || row.status === 'timeout')
    return failure(row, meta);
  const said = text(meta, 'message', 'description', 'prompt');
  const sub = text(meta, 'subagent_type', 'subagent_id');
  const asked = row.tool_name ?? text(meta, 'tool_name');
  switch (row.event_type) {
    case 'tool_use':
      return { head: row.tool_name ?? 'Tool', ...input(meta) };
    case 'llm_request':
    case 'llm_response':
      return { head: row.model ?? 'Model', detail: modelFigures(row) || said, tone: 'quiet' };
    case 'response':
      return {
        head: said ? 'Answer' : (row.model ?? 'Answer'),
        detail: said || modelFigures(row),
        tone: 'quiet',
      };
    case 'user_prompt':
      return { head: 'Prompt', detail: text(meta, 'prompt', 'message'), icon: 'user', tone: 'prompt' };
    case 'file_change':
      return { head: 'File changed', ...input(meta) };
    case 'git_commit':
      return { head: 'Commit', detail: said || text(meta, 'command') };
    case 'plan_step':
      return { head: 'Plan', detail: said };
    case 'session_start':
      return { head: 'Session started', detail: row.model ?? '', tone: 'quiet' };
    case 'session_end':
      return { head: 'Session ended', detail: said, tone: 'quiet' };
    case 'turn_end':
      return { head: 'Turn ended', detail: said };
    case 'permission_request':
      return {
        head: asked ? `Wants to run ${asked}` : 'Wants your permission',
        ...input(meta),
        icon: 'permission',
        tone: 'ask',
      };
    case 'notification':
      return { head: 'Notice', detail: said, icon: 'input' };
    case 'subagent_start':
      return { head: 'Sub-agent started', detail: sub, icon: 'sub' };
    case 'subagent_end':
      return {
        head: 'Sub-agent done',
        detail: [sub, text(meta, 'message')].filter(Boolean).join(': '),
        icon: 'sub',
      };
    case 'compaction':
      return { head: 'Compaction', detail: said || 'The context was summarised', tone: 'quiet' };
    default:
      return { head: text(meta, 'hook_event') || row.event_type, detail: said, tone: 'quiet' };
  }
}

function kindsOf(row: EventRow, changed: boolean): Kind[] {
  const kinds: Kind[] = [];
  const type = row.event_type;
  if (type === 'tool_use' || type === 'permission_request' || (type === 'error' && row.tool_name))
    kinds.push('tools');
  if (type === 'llm_request' || type === 'llm_response' || type === 'response') kinds.push('model');
  if (type === 'file_change' || type === 'git_commit' || changed) kinds.push('files');
  if (type === 'user_prompt') kinds.push('prompts');
  if (type === 'error' || row.status === 'error' || row.status === 'timeout') kinds.push('errors');
  return kinds;
}

/** Whether a call names a file and its tool's name says that it writes. */
function writes(row: EventRow, meta: Meta): boolean {
  return /edit|write|patch/i.test(row.tool_name ?? '') && text(meta, 'file_path', 'path') !== '';
}

/** When an event happened, by its own clock where it has one. */
export function timeOf(row: EventRow): number {
  return parseTime(row.client_timestamp, parseTime(row.created_at, 0));
}

/** What a request of the main thread read: all of it is the session's context at that moment. */
function contextOf(row: EventRow, meta: Meta): number | null {
  if (!/^(llm_request|llm_response|response)$/.test(row.event_type) || !row.model) return null;
  if (text(meta, 'subagent_id', 'subagent_type')) return null;
  const read = row.tokens_in + row.cache_read_tokens + row.cache_write_tokens;
  return read > 0 ? read : null;
}

/** Makes the feed's item of a stored row. All text in it is untrusted and cut to what a row can use. */
export function describe(row: EventRow): FeedItem {
  const meta = parseMeta(row.metadata);
  const said = words(row, meta);
  const added = figure(meta, 'lines_added');
  const removed = figure(meta, 'lines_removed');
  return {
    id: row.id,
    time: timeOf(row),
    session: row.session_id,
    agent: row.agent_type,
    project: row.project,
    tool: row.tool_name,
    type: row.event_type,
    kinds: kindsOf(row, added !== null || removed !== null || writes(row, meta)),
    tone: said.tone ?? 'plain',
    icon: said.icon ?? null,
    head: oneLine(said.head, 80),
    detail: oneLine(said.detail ?? ''),
    code: said.code ?? false,
    added,
    removed,
    context: contextOf(row, meta),
  };
}

/** A row in one sentence, for the hover. */
export function sentence(item: FeedItem): string {
  const lines = item.added || item.removed ? ` +${int(item.added ?? 0)} −${int(item.removed ?? 0)}` : '';
  return `${item.head}${lines}${item.detail ? `: ${item.detail}` : ''}`;
}
