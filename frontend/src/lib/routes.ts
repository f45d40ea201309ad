/** The dashboard's pages, by the names that code uses. */
export type PageName =
  'live' | 'sessions' | 'session' | 'cost' | 'tools' | 'activity' | 'connect' | 'missing';

/** Where an address leads. */
export interface Route {
  page: PageName;
  /** The session's id on its page, else empty. */
  id: string;
}

/** The pages of the rail, in order: address, name, icon, and whether it stands at the rail's end. */
export const PAGES = [
  { page: 'live', path: '/', title: 'Live', icon: 'live' },
  { page: 'sessions', path: '/sessions', title: 'Sessions', icon: 'list' },
  { page: 'cost', path: '/cost', title: 'Cost', icon: 'coin' },
  { page: 'tools', path: '/tools', title: 'Tools', icon: 'tool' },
  { page: 'activity', path: '/activity', title: 'Activity', icon: 'calendar' },
  { page: 'connect', path: '/connect', title: 'Connect', icon: 'plug' },
] as const;

/** What stands in the tab until a page says more. */
export function titleFor(page: PageName): string {
  if (page === 'session') return 'Session';
  return PAGES.find((known) => known.page === page)?.title ?? 'Not found';
}

/** Reads a path. A session's id is one percent-encoded part, so it may hold slashes. */
export function matchPath(path: string): Route {
  const known = PAGES.find((page) => page.path === path);
  if (known) return { page: known.page, id: '' };
  const part = /^\/sessions\/([^/]+)$/.exec(path)?.[1];
  if (part !== undefined) {
    try {
      return { page: 'session', id: decodeURIComponent(part) };
    } catch {
      return { page: 'missing', id: '' };
    }
  }
  return { page: 'missing', id: '' };
}

/** The address of a session's page. */
export function sessionPath(id: string): string {
  return `/sessions/${encodeURIComponent(id)}`;
}
