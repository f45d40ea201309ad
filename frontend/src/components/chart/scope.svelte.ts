import { get } from '../../lib/api';
import { clock } from '../../lib/clock.svelte';
import {
  before,
  day,
  dayOf,
  periodOf,
  zone,
  type Day,
  type Period,
  type PeriodName,
} from '../../lib/periods';
import { choice, pageQuery, text } from '../../lib/query.svelte';
import { resource, type Resource } from '../../lib/resource.svelte';

/** One value to filter by, and how many events bear it. */
export interface Facet {
  value: string;
  count: number;
}
/** The values to filter by. */
export type Facets = Record<'agent' | 'project' | 'model', Facet[]>;
/** What narrows a page of figures. */
export type Filters = Record<'agent' | 'project' | 'model', string | null>;

/** The filters that a page has none of, as the address has them. */
export const NO_FILTERS: Filters = { agent: null, project: null, model: null };

/** The period and the filters of a page of figures. They live in the address. */
export class Scope {
  readonly #query = pageQuery({
    period: choice(['today', '7d', '30d', 'month', '12m', 'own'], '30d'),
    from: day,
    to: day,
    agent: text,
    project: text,
    model: text,
  });
  /** The day of now; changes at midnight. */
  readonly today = $derived(dayOf(clock.now));
  readonly period: Period = $derived(
    periodOf(this.#query.value.period, this.#query.value.from, this.#query.value.to, this.today),
  );
  /** The filters, as the server takes them. */
  readonly filters: Filters = $derived({
    agent: this.#query.value.agent,
    project: this.#query.value.project,
    model: this.#query.value.model,
  });
  readonly filtered = $derived(Object.values(this.filters).some((value) => value !== null));
  /** Whether what happens now belongs to the period. */
  readonly runs = $derived(this.period.from <= this.today && this.period.to >= this.today);
  /** What there is to choose from; of all time, so that an address of the past has it too. */
  readonly facets: Resource<Facets> = resource(
    (signal) => get<Facets>('/api/v2/facets', { agent: this.filters.agent, tz: zone() }, signal),
    { live: true, gap: 60_000 },
  );

  /** The period and the filters, as the server takes them. */
  get asked() {
    return { ...this.filters, from: this.period.from, to: this.period.to, tz: zone() };
  }

  /** The same of the period before, as far as this one has come. */
  get askedBefore() {
    const { from, to } = before(this.period, Date.now());
    return { ...this.filters, from, to, tz: zone() };
  }

  /** Whether a change matters to what is shown. */
  readonly follows = (): boolean => this.runs;

  choose(name: PeriodName): void {
    this.#query.set({ period: name, from: null, to: null });
  }

  range(from: Day, to: Day): void {
    this.#query.set({ period: '30d', from, to });
  }

  filter(change: Partial<Filters>): void {
    this.#query.set(change);
  }

  /** The query string with these filters, for a link. */
  search(change: Partial<Filters>): string {
    return this.#query.search(change);
  }
}
