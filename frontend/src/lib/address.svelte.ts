import { KINDS } from './describe';
import type { FeedFilter } from './feed';
import { STATE_FILTERS, type StateFilter } from './sessions';

/** Everything the address says about the page. */
export interface Address extends FeedFilter {
  state: StateFilter;
}

/** Reads an address; what it does not know falls back to no filter. */
export function readAddress(search: string): Address {
  const params = new URLSearchParams(search);
  const state = params.get('state');
  const kind = params.get('kind');
  const name = (key: string) => params.get(key)?.trim() || null;
  return {
    state: STATE_FILTERS.find(([known]) => known === state)?.[0] ?? 'live',
    kind: KINDS.find(([known]) => known === kind)?.[0] ?? null,
    agent: name('agent'),
    project: name('project'),
    tool: name('tool'),
  };
}

/** Writes an address; defaults are left out, parameters of others are kept. */
export function writeAddress(search: string, address: Address): string {
  const params = new URLSearchParams(search);
  const put = (key: string, value: string | null) => {
    if (value === null) params.delete(key);
    else params.set(key, value);
  };
  put('state', address.state === 'live' ? null : address.state);
  put('kind', address.kind);
  put('agent', address.agent);
  put('project', address.project);
  put('tool', address.tool);
  const text = params.toString();
  return text ? `?${text}` : '';
}

/** The page's filters. They live in the address, so a link carries them and the back button works. */
class AddressStore {
  current = $state.raw<Address>(readAddress(''));

  /** Follows the back and forward buttons; returns how to stop. */
  start(): () => void {
    const read = () => {
      this.current = readAddress(location.search);
    };
    read();
    window.addEventListener('popstate', read);
    return () => window.removeEventListener('popstate', read);
  }

  /** Changes some filters, as a step the back button undoes. */
  set(change: Partial<Address>): void {
    const next = { ...this.current, ...change };
    const search = writeAddress(location.search, next);
    if (search !== location.search) history.pushState(null, '', location.pathname + search + location.hash);
    this.current = next;
  }

  /** Whether the feed is filtered at all. */
  get feedFiltered(): boolean {
    const { kind, agent, project, tool } = this.current;
    return kind !== null || agent !== null || project !== null || tool !== null;
  }

  /** Takes every filter off the feed. */
  clearFeed(): void {
    this.set({ kind: null, agent: null, project: null, tool: null });
  }
}

export const address = new AddressStore();
