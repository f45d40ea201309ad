import type { Component } from 'svelte';
import type { PageName } from './routes';

/** Each page is a chunk of its own, fetched when it is first opened. */
export const LOADERS: Record<PageName, () => Promise<{ default: Component }>> = {
  live: () => import('../pages/live/Live.svelte'),
  sessions: () => import('../pages/sessions/Sessions.svelte'),
  session: () => import('../pages/session/Session.svelte'),
  cost: () => import('../pages/cost/Cost.svelte'),
  tools: () => import('../pages/tools/Tools.svelte'),
  activity: () => import('../pages/activity/Activity.svelte'),
  connect: () => import('../pages/connect/Connect.svelte'),
  missing: () => import('../pages/missing/Missing.svelte'),
};
