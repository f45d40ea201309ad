import { readParams, writeParams, type Values } from './params';
import { router, type Step } from './router.svelte';

export { choice, flag, text, whole } from './params';

/** The filters of a page: they live in the address, so a link carries them and the back button works. */
export interface PageQuery<S> {
  /** What the address says; follows the back button. */
  readonly value: Values<S>;
  /** Changes some parameters: by default as a step that the back button undoes. */
  set(change: Partial<Values<S>>, step?: Step): void;
  /** The query string with these changes, for a link. */
  search(change: Partial<Values<S>>): string;
}

/**
 * Reads and writes the parameters of the present page.
 *
 *     const query = pageQuery({ by: choice(['model', 'agent'], 'model'), agent: text });
 *     query.value.by;  query.set({ agent: 'codex' });  query.set({ by: 'agent' }, 'replace');
 */
export function pageQuery<S>(spec: S): PageQuery<S> {
  const value = $derived(readParams(spec, router.search));
  return {
    get value() {
      return value;
    },
    set(change, step = 'push') {
      router.setSearch(writeParams(spec, location.search, change), step);
    },
    search: (change) => writeParams(spec, router.search, change),
  };
}
