import { fetchAgents } from './api';
import { oneLine } from './format';
import type { AgentConnect, AgentInfo } from './types';

/** How an agent is shown. Colours are CSS values for both themes; without them the neutral ones hold. */
export interface AgentLook {
  label: string;
  short: string;
  text: string | null;
  soft: string | null;
  mark: string | null;
}

const HEX = /^#[0-9a-f]{3,8}$/i;

function both(light: string | undefined, dark: string | undefined): string | null {
  return light && dark && HEX.test(light) && HEX.test(dark) ? `light-dark(${light}, ${dark})` : null;
}

/** The look of an agent the server describes. */
export function lookOf(info: Omit<AgentInfo, 'connect'>): AgentLook {
  const { light, dark } = info.colors;
  return {
    label: oneLine(info.label, 40) || info.agent_type,
    short: oneLine(info.short, 3),
    text: both(light?.text, dark?.text),
    soft: both(light?.soft, dark?.soft),
    mark: both(light?.mark, dark?.mark),
  };
}

/** The look of an agent nobody has described: its own name, its first two letters, neutral colours. */
export function unknownLook(agentType: string): AgentLook {
  const label = oneLine(agentType, 40);
  const letters = label.slice(0, 2);
  return {
    label,
    short: letters.charAt(0).toUpperCase() + letters.slice(1),
    text: null,
    soft: null,
    mark: null,
  };
}

class Agents {
  #looks = $state.raw(new Map<string, AgentLook>());
  /** How many events the feed begins with: a setting of the server. */
  firstRows = 200;
  /** The agents that say how they are connected. */
  connects = $state.raw<{ agent: string; connect: AgentConnect }[]>([]);

  /** Asks the server; without an answer every agent is shown by its own name. */
  async load(): Promise<void> {
    const { agents, max_feed } = await fetchAgents();
    this.firstRows = max_feed;
    this.#looks = new Map(agents.map((info) => [info.agent_type, lookOf(info)]));
    this.connects = agents.flatMap((info) =>
      info.connect ? [{ agent: info.agent_type, connect: info.connect }] : [],
    );
  }

  /** How to show an agent. */
  look(agentType: string): AgentLook {
    return this.#looks.get(agentType) ?? unknownLook(agentType);
  }
}

export const agents = new Agents();
