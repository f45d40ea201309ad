import type { AgentInfo, AgentUsage, CostBucket, EventRow, SessionRow, Stats } from './types';

/** A call that did not give what was asked for: refused, failed, or not answered at all. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** The HTTP status, or 0 when nobody answered. */
    readonly status: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type Params = Record<string, string | number | null | undefined>;

/** Writes a query string; empty values are left out. */
export function query(params: Params): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') out.set(key, String(value));
  }
  const text = out.toString();
  return text ? `?${text}` : '';
}

const TIMEOUT_MS = 20_000;

async function get<T>(path: string, params: Params = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path + query(params), {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new ApiError(late ? 'The server took too long to answer.' : 'The server does not answer.', 0);
  }
  if (!response.ok) throw new ApiError(await reason(response), response.status);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(`The answer to ${path} is not JSON.`, response.status);
  }
}

async function reason(response: Response): Promise<string> {
  const fallback = `The server answered ${response.status}.`;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body)
      return `${fallback} ${String(body.error)}`;
  } catch {
    // Not JSON: the status says enough.
  }
  return fallback;
}

/** The agents this server knows, with their labels and colours, and how many rows a feed begins with. */
export function fetchAgents(): Promise<{ agents: AgentInfo[]; max_feed: number }> {
  return get('/api/agents');
}

/** Every session that is live. */
export async function fetchLiveSessions(): Promise<SessionRow[]> {
  return (await get<{ sessions: SessionRow[] }>('/api/sessions', { live: 1, limit: 0 })).sessions;
}

/** The newest events, newest first, and how many there are in all. */
export function fetchEvents(params: Params): Promise<{ events: EventRow[]; total: number }> {
  return get('/api/events', params);
}

/** Totals since a moment. */
export function fetchStats(since: string): Promise<Stats> {
  return get('/api/stats', { since });
}

/** Cost, tokens, events and errors by hour since a moment. */
export async function fetchTimeline(since: string): Promise<CostBucket[]> {
  return (await get<{ timeline: CostBucket[] }>('/api/stats/cost', { since, limit: 1 })).timeline;
}

/** Use of the agents' windows. */
export function fetchUsage(): Promise<AgentUsage[]> {
  return get('/api/stats/usage-monitor');
}
