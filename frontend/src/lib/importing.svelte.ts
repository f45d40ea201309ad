import { SvelteSet } from 'svelte/reactivity';
import { ApiError } from './api';
import { follow } from './ndjson';
import type { AgentOutcome, ImportOutcome, Progress } from './schema';

/** The imports that this tab started; they go on while another page is open. */
class Importing {
  /** The agents an import runs for. */
  readonly running = new SvelteSet<string>();
  progress = $state.raw<Readonly<Record<string, Progress>>>({});
  outcomes = $state.raw<Readonly<Record<string, AgentOutcome>>>({});
  errors = $state.raw<Readonly<Record<string, string>>>({});

  /** Whether one was started since the page was opened. */
  used = $state(false);

  /** Whether one runs. */
  get busy(): boolean {
    return this.running.size > 0;
  }

  /** Imports what is new of an agent. */
  async start(agent: string): Promise<void> {
    if (this.running.has(agent)) return;
    this.running.add(agent);
    this.used = true;
    this.errors = { ...this.errors, [agent]: '' };
    try {
      const outcome = await follow<Progress, ImportOutcome>(
        '/api/v2/import',
        { agents: [agent] },
        (progress) => {
          this.progress = { ...this.progress, [agent]: progress };
        },
      );
      for (const each of outcome.agents) this.outcomes = { ...this.outcomes, [each.agent_type]: each };
    } catch (cause) {
      const why = cause instanceof ApiError ? cause.message : 'Something unexpected happened.';
      this.errors = { ...this.errors, [agent]: why };
    } finally {
      this.running.delete(agent);
    }
  }
}

export const importing = new Importing();
