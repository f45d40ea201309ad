import { KINDS } from './describe';
import { choice, text, type Values } from './params';
import { pageQuery } from './query.svelte';
import { SORTS, STATE_FILTERS } from './sessions';

const SPEC = {
  state: choice(
    STATE_FILTERS.map(([state]) => state),
    'live',
  ),
  kind: {
    read: (raw: string | null) => KINDS.find(([kind]) => kind === raw)?.[0] ?? null,
    write: (value: (typeof KINDS)[number][0] | null) => value,
  },
  agent: text,
  project: text,
  tool: text,
  type: text,
  sort: choice(
    SORTS.map(([sort]) => sort),
    'need',
  ),
};

/** Everything the address says about the Live page. */
export type Address = Values<typeof SPEC>;

/** The Live page's filters. */
class AddressStore {
  readonly #query = pageQuery(SPEC);

  get current(): Address {
    return this.#query.value;
  }

  /** Changes some filters, as a step the back button undoes. */
  set(change: Partial<Address>): void {
    this.#query.set(change);
  }

  /** Whether the feed is filtered at all. */
  get feedFiltered(): boolean {
    const { kind, agent, project, tool, type } = this.current;
    return [kind, agent, project, tool, type].some((value) => value !== null);
  }

  /** Takes every filter off the feed. */
  clearFeed(): void {
    this.set({ kind: null, agent: null, project: null, tool: null, type: null });
  }
}

export const address = new AddressStore();
