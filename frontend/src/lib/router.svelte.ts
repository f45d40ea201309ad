import { tick, type Component } from 'svelte';
import { LOADERS } from './pages';
import { matchPath, titleFor, type Route } from './routes';

export { sessionPath } from './routes';

/** How an address is entered: as a step that the back button undoes, or in place of the present one. */
export type Step = 'push' | 'replace';

/** How long a page may take to be long enough for the place it was left at. */
const RESTORE_MS = 1_500;

interface Kept {
  scroll?: number;
}

/**
 * The one router. What it says changes only once the page's code is there, so that the page that is
 * left stands until the next one can take its place.
 */
class Router {
  path = $state('/');
  /** The query string with its question mark, or empty. */
  search = $state('');
  route = $state.raw<Route>({ page: 'live', id: '' });
  /** The page's component; null until the first one is there, or when it could not be fetched. */
  component = $state.raw<Component | null>(null);
  /** The page's code could not be fetched: the server is gone, or has another version. */
  failed = $state(false);
  /** What the tab says; a page may set something better. */
  title = $state('');
  /** Counts the visits, so that a page opened again starts anew. */
  visit = $state(0);

  #turn = 0;

  /** The parts of the path that a route names: the session's id on its page. */
  get params(): { id: string } {
    return { id: this.route.id };
  }

  /** Follows links and the back button; returns how to stop. */
  start(): () => void {
    history.scrollRestoration = 'manual';
    const back = () => void this.#follow(true);
    const leave = () => this.#keepScroll();
    // By the time of popstate the entry that was left can no longer be written: so it is kept up.
    let rest: ReturnType<typeof setTimeout> | undefined;
    const scrolled = () => {
      clearTimeout(rest);
      rest = setTimeout(leave, 120);
    };
    const click = (event: MouseEvent) => this.#click(event);
    window.addEventListener('popstate', back);
    window.addEventListener('pagehide', leave);
    window.addEventListener('scroll', scrolled, { passive: true });
    document.addEventListener('click', click);
    void this.#follow(true, true);
    return () => {
      window.removeEventListener('popstate', back);
      window.removeEventListener('pagehide', leave);
      window.removeEventListener('scroll', scrolled);
      clearTimeout(rest);
      document.removeEventListener('click', click);
    };
  }

  /** Opens an address of this origin. */
  go(url: string, step: Step = 'push'): void {
    const target = new URL(url, location.href);
    if (target.origin !== location.origin) return;
    const next = target.pathname + target.search + target.hash;
    if (next === location.pathname + location.search + location.hash) step = 'replace';
    this.#keepScroll();
    if (step === 'push') history.pushState(null, '', next);
    else history.replaceState(history.state, '', next);
    void this.#follow(false);
  }

  /** Changes the query of the present page, without leaving it. */
  setSearch(search: string, step: Step): void {
    if (search === location.search) return;
    const next = location.pathname + search;
    if (step === 'push') {
      this.#keepScroll();
      history.pushState({ scroll: window.scrollY }, '', next);
    } else history.replaceState(history.state, '', next);
    if (this.path === location.pathname) this.search = search;
  }

  /** Tries again to fetch the page's code. */
  retry(): void {
    void this.#follow(false);
  }

  async #follow(restore: boolean, first = false): Promise<void> {
    const turn = ++this.#turn;
    const path = location.pathname;
    const route = matchPath(path);
    let component: Component | null = null;
    try {
      component = (await LOADERS[route.page]()).default;
    } catch {
      // Shown with a button: the address stays, so that a reload leads there as well.
    }
    if (turn !== this.#turn) return;
    const moved = path !== this.path || this.component === null;
    this.path = path;
    this.search = location.search;
    if (moved) {
      this.route = route;
      this.title = titleFor(route.page);
      this.visit += 1;
    }
    this.component = component;
    this.failed = component === null;
    await tick();
    // A link to a place on this page comes here without one: the browser has scrolled already.
    const kept = (history.state as Kept | null)?.scroll;
    if (restore && kept !== undefined) restoreScroll(kept);
    else if (moved) window.scrollTo(0, 0);
    if (moved && !first) focusPage();
  }

  #keepScroll(): void {
    const kept = history.state as Kept | null;
    history.replaceState({ ...kept, scroll: window.scrollY }, '');
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || matchPath(link.pathname).page === 'missing') return;
    // A place on this page: the browser knows how.
    if (link.hash && link.pathname + link.search === location.pathname + location.search) return;
    event.preventDefault();
    this.go(link.href);
  }
}

/** Whoever listens or uses the keyboard goes on at the new page's head, or in its search. */
function focusPage(): void {
  const wanted = location.hash === '#search' ? 'main [data-search]' : 'main h1';
  document.querySelector<HTMLElement>(wanted)?.focus({ preventScroll: true });
}

/** Scrolls to where the page was left, as soon as it is long enough; a hand that scrolls knows better. */
function restoreScroll(top: number): void {
  const until = performance.now() + RESTORE_MS;
  const hands = ['wheel', 'touchstart', 'keydown', 'pointerdown'] as const;
  let going = true;
  const stop = () => {
    going = false;
    hands.forEach((name) => window.removeEventListener(name, stop));
  };
  hands.forEach((name) => window.addEventListener(name, stop, { passive: true }));
  const attempt = () => {
    if (!going) return;
    window.scrollTo(0, top);
    if (Math.abs(window.scrollY - top) <= 1 || performance.now() > until) stop();
    else requestAnimationFrame(attempt);
  };
  attempt();
}

export const router = new Router();
