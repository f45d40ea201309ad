import { choice, text, type Values } from '../../lib/params';
import type { Params } from '../../lib/api';
import { zone } from '../../lib/periods';
import type { Param } from '../../lib/params';

/** The orders that the server knows. */
export const SORTS = ['last_activity', 'started', 'cost', 'tokens', 'events', 'errors'] as const;
/** States that can be chosen. */
export const STATES = ['working', 'permission', 'input', 'idle', 'failed', 'ended'] as const;

const day: Param<string | null> = {
  read: (raw) => (raw !== null && /^\d{4}-\d{2}-\d{2}$/.test(raw) ? raw : null),
  write: (value) => value || null,
};

/** What the page's address says. */
export const SPEC = {
  q: text,
  agent: text,
  project: text,
  branch: text,
  model: text,
  state: choice(['any', ...STATES], 'any'),
  from: day,
  to: day,
  sort: choice(SORTS, 'last_activity'),
  order: choice(['desc', 'asc'], 'desc'),
  group: choice(['hits', 'sessions'], 'hits'),
};
export type Filters = Values<typeof SPEC>;

/** What both the list and the search are filtered by. */
function common({ agent, project, branch, model, from, to }: Filters): Params {
  // A range that is the wrong way round has nothing in it; the server would refuse it.
  const turned = from !== null && to !== null && from > to;
  return {
    agent,
    project,
    branch,
    model,
    from: turned ? to : from,
    to: turned ? from : to,
    tz: from || to ? zone() : null,
  };
}

/** The parameters of the list. */
export function listParams(filters: Filters): Params {
  const { state, sort, order } = filters;
  return { ...common(filters), state: state === 'any' ? null : state, sort, order };
}

/** The parameters of a search. */
export function searchParams(filters: Filters): Params {
  return { ...common(filters), q: filters.q, group: filters.group === 'sessions' ? 'session' : null };
}

/** How many filters narrow what is shown. */
export function chosenOf(filters: Filters): number {
  const { agent, project, branch, model, state, from, to } = filters;
  return [agent, project, branch, model, state === 'any' ? null : state, from, to].filter(
    (value) => value !== null,
  ).length;
}

/** Takes every filter off; what is searched and the order stay. */
export const NOTHING = {
  agent: null,
  project: null,
  branch: null,
  model: null,
  state: 'any',
  from: null,
  to: null,
} as const;
