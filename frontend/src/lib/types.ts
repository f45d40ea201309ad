/**
 * The server's rows as this page reads them, written by hand until a later change generates them
 * from the OpenAPI file. Fields that an older server leaves out are optional.
 */

/** What a session is doing, as the server says it. */
export type State = 'working' | 'permission' | 'input' | 'idle' | 'failed' | 'ended';

/** A tool call that runs, or waits for a permission. */
export interface ToolCall {
  name: string;
  detail: string | null;
  since: string;
}

/** An agent that another one started. */
export interface SubAgent {
  id: string;
  type: string | null;
  state: 'working' | 'permission' | 'input' | 'ended';
  since: string;
  tool: ToolCall | null;
}

/** One row of `GET /api/sessions` and the payload of a `session` frame. */
export interface SessionRow {
  id: string;
  agent_type: string;
  project: string | null;
  branch: string | null;
  status: 'active' | 'idle' | 'ended';
  started_at: string;
  ended_at: string | null;
  last_event_at: string;
  event_count: number;
  tokens_in: number;
  tokens_out: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
  total_cost_usd: number | null;
  files_edited: number;
  lines_added: number;
  lines_removed: number;
  title?: string | null;
  state?: State;
  state_since?: string | null;
  state_reason?: string | null;
  state_detail?: string | null;
  tool?: ToolCall | null;
  model?: string | null;
  cwd?: string | null;
  subagents?: SubAgent[];
  error_count?: number;
  unpriced_events?: number;
  /** The agent's own figure less ours, when they are more than a cent apart. */
  cost_difference_usd?: number | null;
}

/** One row of `GET /api/events` and the payload of an `event` frame. */
export interface EventRow {
  id: number;
  session_id: string;
  agent_type: string;
  event_type: string;
  status: string;
  tool_name: string | null;
  project: string | null;
  branch: string | null;
  model: string | null;
  tokens_in: number;
  tokens_out: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cost_usd: number | null;
  duration_ms: number | null;
  client_timestamp: string | null;
  created_at: string;
  metadata: string;
}

/** `GET /api/stats`, as far as the tiles need it. */
export interface Stats {
  total_events: number;
  total_tokens_in: number;
  total_tokens_out: number;
  total_cost_usd: number | null;
  total_errors?: number;
  total_cache_read_tokens?: number;
  total_cache_write_tokens?: number;
  unpriced_events?: number;
  unpriced_tokens?: number;
}

/** One hour of `GET /api/stats/cost`. */
export interface CostBucket {
  bucket: string;
  cost_usd: number | null;
  tokens_in: number;
  tokens_out: number;
  event_count: number;
  error_count?: number;
}

/** Use of one rolling window. */
export interface UsageWindow {
  used: number;
  limit: number;
  windowHours: number;
}

/** One agent of `GET /api/stats/usage-monitor`. */
export interface AgentUsage {
  agent_type: string;
  limitType: 'tokens' | 'cost';
  session: UsageWindow | null;
  extended: UsageWindow | null;
  weekly: UsageWindow | null;
}

/** One theme's colours of an agent. */
export interface AgentColors {
  mark: string;
  text: string;
  soft: string;
}

/** How an agent is told to report here. The snippet names the server as `{origin}`. */
export interface AgentConnect {
  title: string;
  file: string;
  snippet: string;
}

/** One agent of `GET /api/agents`. */
export interface AgentInfo {
  agent_type: string;
  label: string;
  short: string;
  colors?: { light: AgentColors; dark: AgentColors };
  connect?: AgentConnect | null;
}

/** What `GET /api/stream` sends, one JSON document to a frame. */
export type Frame =
  | { type: 'connected'; timestamp?: string }
  | { type: 'event'; payload: EventRow }
  | { type: 'session'; payload: SessionRow }
  | { type: 'stats'; payload: Stats & { usage_monitor?: AgentUsage[] } }
  | { type: 'session_update'; payload: unknown };
