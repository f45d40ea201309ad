import { oneLine, parseTime } from './format';
import type { IconName } from './icons';
import type { AgentView, DiskView } from './schema';

export type { AgentList, AgentView, ChannelView, DiskView } from './schema';

/** Name, icon, and what comes that way. */
export const CHANNELS: Readonly<Record<string, readonly [word: string, icon: IconName, does: string]>> = {
  hook: ['Hooks', 'hook', 'What the agent does right now: state, tools, permissions'],
  otlp: ['OTLP', 'wave', 'What the agent counts itself: tokens, cost, limits, errors'],
  files: ['Files', 'folder', 'What the agent wrote down: transcripts, diffs, history'],
  api: ['API', 'terminal', 'Events that a program sends'],
  earlier: ['Earlier', 'clock', 'Taken over from an earlier AgentMonitor'],
};

/** For so long an agent counts as reporting after its last live event. */
const FRESH_MS = 10 * 60_000;

/** How an agent stands to this server. */
export type Standing = 'live' | 'seen' | 'found' | 'absent';

/** Whether an agent reports now, did once, or only has files here. */
export function standingOf(agent: AgentView, now: number): Standing {
  const reports = agent.channels.filter(({ channel }) => channel !== 'files' && channel !== 'earlier');
  const last = Math.max(...reports.map((way) => parseTime(way.last_event_at, 0)), 0);
  if (last > 0 && now - last < FRESH_MS) return 'live';
  if (agent.last_event_at !== null) return 'seen';
  return diskOf(agent)?.files ? 'found' : 'absent';
}

/** An agent's session files, where it has any way to them. */
export function diskOf(agent: AgentView): DiskView | null {
  return agent.channels.find(({ disk }) => disk)?.disk ?? null;
}

const RANK: Record<Standing, number> = { live: 0, seen: 1, found: 2, absent: 3 };

/**
 * The agents that get a card (those that reported, have files, or say how to be connected), and those
 * that only get a name. The order follows how near they are, then the registry.
 */
export function arrange(
  agents: readonly AgentView[],
  now: number,
): { cards: AgentView[]; others: AgentView[] } {
  const ranked = [...agents].sort((a, b) => RANK[standingOf(a, now)] - RANK[standingOf(b, now)]);
  const near = (agent: AgentView) => standingOf(agent, now) !== 'absent' || Boolean(agent.connect);
  return { cards: ranked.filter(near), others: ranked.filter((agent) => !near(agent)) };
}

/** The command that connects an agent; another address than the usual one has to be named. */
export function connectCommand(agentType: string, origin: string): string {
  const name = oneLine(agentType, 40).replaceAll('_', '-');
  return `agentmonitor connect --agent ${name}${origin.endsWith(':3141') ? '' : ` --url ${origin}`}`;
}

/** A folder as people write it: the home folder is `~`. */
export function homely(path: string): string {
  return path.replace(/^(\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Z]:\\Users\\[^\\]+)(?=[\\/]|$)/, '~');
}
