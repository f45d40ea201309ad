import type { FeedItem } from '../src/lib/describe';
import type { EventRow, SessionRow } from '../src/lib/types';

/** A stored event with ordinary values. */
export function eventRow(change: Partial<EventRow> = {}): EventRow {
  return {
    id: 1,
    event_id: null,
    schema_version: 1,
    payload_truncated: 0,
    source: 'api',
    session_id: 's1',
    agent_type: 'alpha',
    event_type: 'tool_use',
    status: 'success',
    tool_name: 'Bash',
    project: 'shop',
    branch: 'main',
    model: null,
    tokens_in: 0,
    tokens_out: 0,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    cost_usd: null,
    duration_ms: null,
    client_timestamp: null,
    created_at: '2026-01-01T10:00:00.000Z',
    metadata: '{}',
    ...change,
  };
}

/** A feed item at a second. */
export function item(id: number, second: number, change: Partial<FeedItem> = {}): FeedItem {
  return {
    id,
    time: second * 1000,
    session: 's1',
    agent: 'alpha',
    project: 'shop',
    tool: 'Bash',
    type: 'tool_use',
    kinds: ['tools'],
    tone: 'plain',
    icon: null,
    head: 'Bash',
    detail: 'ls',
    code: true,
    added: null,
    removed: null,
    context: null,
    ...change,
  };
}

/** A session that works. */
export function sessionRow(change: Partial<SessionRow> = {}): SessionRow {
  return {
    id: 's1',
    agent_type: 'alpha',
    project: 'shop',
    branch: 'main',
    status: 'active',
    started_at: '2026-01-01T10:00:00.000Z',
    ended_at: null,
    last_event_at: '2026-01-01T10:05:00.000Z',
    event_count: 3,
    tokens_in: 0,
    tokens_out: 0,
    total_cost_usd: 0,
    agent_id: 'alpha-default',
    metadata: '{}',
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    error_count: 0,
    unpriced_events: 0,
    client_cost_usd: null,
    cost_difference_usd: null,
    usage_channel: 'api',
    title: null,
    model: null,
    context_window: null,
    cwd: null,
    state_since: '2026-01-01T10:00:00.000Z',
    state_reason: null,
    state_detail: null,
    tool: null,
    subagents: [],
    files_edited: 0,
    lines_added: 0,
    lines_removed: 0,
    state: 'working',
    ...change,
  };
}
