import { get } from '../../lib/api';
import type { Scope } from '../../components/chart/scope.svelte';
import { bucketFor, bucketsOf, type Bucket } from '../../lib/periods';
import { choice, pageQuery } from '../../lib/query.svelte';
import { resource, type Resource } from '../../lib/resource.svelte';
import { agents } from '../../lib/agents.svelte';
import { ink } from '../../lib/ink.svelte';
import { byAgent, owners, type ByAgent, type Palette } from '../../lib/paint';
import type { By, SessionUsage, Usage } from '../../lib/usage';

/** What the page shows beside its period and filters; in the address as well. */
const VIEW = {
  by: choice(['model', 'agent', 'project'], 'model'),
  unit: choice(['cost', 'tokens'], 'cost'),
  view: choice(['chart', 'table'], 'chart'),
  bucket: choice(['', 'hour', 'day', 'week', 'month'], ''),
};

/** The chart's answer, with the same dimension of the period before. */
export interface Report {
  now: Usage;
  past: Usage;
  /** What the answer was asked for: the view may be ahead of it. */
  by: By;
  bucket: Bucket;
}

const SERIES = 12;
const AGENTS = 8;
const SESSIONS = 8;

/** What the Cost page asks the server for. Each part loads, fails and follows the stream by itself. */
export class CostData {
  readonly #query = pageQuery(VIEW);
  readonly view = $derived(this.#query.value);
  readonly bucket: Bucket = $derived.by(() => bucketFor(this.scope.period, this.#query.value.bucket || null));
  readonly report: Resource<Report>;
  readonly agents: Resource<ByAgent>;
  readonly projects: Resource<{ now: Usage; past: Usage }>;
  readonly sessions: Resource<{ now: SessionUsage; past: number }>;

  constructor(readonly scope: Scope) {
    const follow = (gap: number) => ({ live: scope.follows, gap });
    this.report = resource(async (signal) => {
      const { by } = this.view;
      const { bucket } = this;
      const [now, past] = await Promise.all([
        get<Usage>('/api/v2/usage', { ...scope.asked, by, bucket, limit: SERIES }, signal),
        get<Usage>('/api/v2/usage', { ...scope.askedBefore, by, bucket: 'month', limit: 50 }, signal),
      ]);
      return { now, past, by, bucket };
    }, follow(4_000));
    this.agents = resource(async (signal) => {
      const asked = { ...scope.asked, bucket: 'month', limit: 50 };
      const found = await get<Usage>('/api/v2/usage', { ...asked, by: 'agent', limit: AGENTS }, signal);
      const names = found.series.flatMap(({ key }) => (key === null ? [] : [key]));
      const parts = await Promise.all(
        names.map((agent) => get<Usage>('/api/v2/usage', { ...asked, agent, by: 'model' }, signal)),
      );
      return byAgent(names, parts);
    }, follow(15_000));
    this.projects = resource(async (signal) => {
      const asked = { by: 'project', bucket: 'month', limit: 50 };
      const [now, past] = await Promise.all([
        get<Usage>('/api/v2/usage', { ...scope.asked, ...asked }, signal),
        get<Usage>('/api/v2/usage', { ...scope.askedBefore, ...asked }, signal),
      ]);
      return { now, past };
    }, follow(10_000));
    this.sessions = resource(async (signal) => {
      const [now, past] = await Promise.all([
        get<SessionUsage>('/api/v2/usage', { ...scope.asked, by: 'session', limit: SESSIONS }, signal),
        get<SessionUsage>('/api/v2/usage', { ...scope.askedBefore, by: 'session', limit: 1 }, signal),
      ]);
      return { now, past: past.total };
    }, follow(10_000));
  }

  /** Whose the models are. */
  readonly models = $derived.by(() => owners(this.agents.data ?? byAgent([], [])));
  /** The colours of the present theme. */
  readonly palette: Palette = $derived({
    surface: ink('var(--surface)'),
    accent: ink('var(--accent)'),
    neutral: ink('var(--line-3)'),
    mark: (agent: string) => ink(agents.look(agent).mark ?? 'var(--other)'),
  });

  set(
    change: Partial<{ by: By; unit: 'cost' | 'tokens'; view: 'chart' | 'table'; bucket: Bucket | '' }>,
  ): void {
    this.#query.set(change);
  }

  /** The buckets that the period can be shown by. */
  get buckets(): Bucket[] {
    return bucketsOf(this.scope.period);
  }

  /** Where the rows of the chart can be had as a file. */
  get export(): string {
    const params = new URLSearchParams();
    const asked = { ...this.scope.asked, by: this.view.by, bucket: this.bucket };
    for (const [key, value] of Object.entries(asked)) if (value) params.set(key, value);
    return `/api/v2/usage/export?${params.toString()}`;
  }

  /** How many bars' lengths the period before had, so that a line can stand for its mean. */
  perBucket(past: Usage): number {
    const hours = (Date.parse(past.to) - Date.parse(past.from)) / 3_600_000;
    const length = { hour: 1, day: 24, week: 168, month: 730.5 }[this.bucket];
    return Math.max(hours / length, 1);
  }
}
