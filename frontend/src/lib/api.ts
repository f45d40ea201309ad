import type { AgentInfo, CostBucket, EventRow, SessionRow, Stats, UsageWindow } from './types';

/** A call that did not give what was asked for: refused, failed, or not answered at all. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** The HTTP status, or 0 when nobody answered. */
    readonly status: number,
    /** Every fault that the server named, by the parameter or field it lies in. */
    readonly faults: readonly { field: string; message: string }[] = [],
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Parameters of a call; empty ones are left out. */
export type Params = Record<string, string | number | null | undefined>;

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

/**
 * Asks the server for JSON. Fails with an ApiError, or with the signal's own AbortError when the caller
 * no longer wants the answer.
 */
export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path + query(params), {
      headers: { accept: 'application/json' },
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(
      late.aborted ? 'The server took too long to answer.' : 'The server does not answer.',
      0,
    );
  }
  if (!response.ok) throw await problem(response);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(`The answer to ${path} is not JSON.`, response.status);
  }
}

/** Reads what the server says about a call that failed: problem details, or the plain error of version 1. */
export async function problem(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status}.`;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) {
      const { detail, error, errors } = body as Record<string, unknown>;
      const said = [detail, error].find((value) => typeof value === 'string' && value !== '');
      const faults = Array.isArray(errors) ? (errors as { field: string; message: string }[]) : [];
      if (typeof said === 'string') return new ApiError(said, response.status, faults);
    }
  } catch {
    // Not JSON: the status says enough.
  }
  return new ApiError(fallback, response.status);
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
export async function fetchWindows(): Promise<UsageWindow[]> {
  return (await get<{ windows: UsageWindow[] }>('/api/v2/windows')).windows;
}
