/** Usage as the server adds it up, and how a chart shows it. */
import type { Series, SessionReport, SessionRowUse, UsageReport, Use } from './schema';

export type { Use } from './schema';
/** One value of the dimension: its sums, and for each one number a bucket. */
export type UsageSeries = Series;
/** `GET /api/v2/usage`. */
export type Usage = UsageReport;
/** One session of `GET /api/v2/usage?by=session`: its sums are over its whole life. */
export type SessionUse = SessionRowUse;
/** `GET /api/v2/usage?by=session`. */
export type SessionUsage = SessionReport;

/** The dimensions that usage is told by. */
export type By = 'model' | 'agent' | 'project';
/** What a chart shows. */
export type Unit = 'cost' | 'tokens';

/** All tokens of a sum: new input, output, and the cache's reads and writes. */
export function tokensOf(use: Use): number {
  return use.tokens_in + use.tokens_out + use.cache_read_tokens + use.cache_write_tokens;
}

/** Everything that was read, from the cache or not. */
export function inputOf(use: Use): number {
  return use.tokens_in + use.cache_read_tokens + use.cache_write_tokens;
}

/** The share of what was read that came from the cache; null when nothing was read. */
export function cachedShare(use: Use): number | null {
  const input = inputOf(use);
  return input > 0 ? use.cache_read_tokens / input : null;
}

/** Whether nothing of a sum has a price although it has tokens: its cost is unknown, not zero. */
export function isUnpriced(use: Use): boolean {
  return use.cost_usd === 0 && use.unpriced_events > 0;
}

/** A change against the period before, as a share; null where there was nothing before. */
export function change(value: number, past: number): number | null {
  return past > 0 ? value / past - 1 : null;
}

/** A change in words: +26%, −8%, ±0%, 12× for what is no percentage any more. */
export function changeWords(value: number | null): string {
  if (value === null) return 'new';
  if (value >= 9) return `${Math.round(value + 1).toLocaleString('en-US')}×`;
  const rounded = Math.round(value * 100);
  if (rounded === 0) return '±0%';
  return rounded > 0 ? `+${rounded}%` : `−${-rounded}%`;
}

/** One layer of the stack; the first one lies at the bottom. */
export interface Layer {
  /** What filters by it; null for what has no name, and for the rest. */
  key: string | null;
  other: boolean;
  label: string;
  /** One number a bucket, in the chart's unit. */
  values: number[];
  total: number;
  /** Tokens without a price, one number a bucket. */
  unpriced: number[];
  unpricedTotal: number;
}

/** What a chart shows of an answer. */
export interface Stack {
  unit: Unit;
  /** What has a height in the unit, the dearest at the bottom. */
  layers: Layer[];
  /** Of cost: what has no price at all. It has no height, only a mark. */
  unpriced: Layer[];
  /** The height of each bar. */
  totals: number[];
  /** Tokens without a price in each bar, of every layer. */
  unpricedTotals: number[];
}

/** What the events without a name of this kind are called. */
export function nameless(by: By): string {
  return `no ${by}`;
}

function layerOf(series: UsageSeries, unit: Unit, by: By, label: (key: string) => string): Layer {
  const { values } = series;
  const at = (list: readonly number[] | undefined, i: number) => list?.[i] ?? 0;
  const heights = values.cost_usd.map((cost, i) =>
    unit === 'cost'
      ? cost
      : at(values.tokens_in, i) +
        at(values.tokens_out, i) +
        at(values.cache_read_tokens, i) +
        at(values.cache_write_tokens, i),
  );
  return {
    key: series.key,
    other: series.other,
    label: series.other ? 'others' : series.key === null ? nameless(by) : label(series.key),
    values: heights,
    total: unit === 'cost' ? series.totals.cost_usd : tokensOf(series.totals),
    unpriced: heights.map((_, i) => at(values.unpriced_tokens, i)),
    unpricedTotal: series.totals.unpriced_tokens ?? 0,
  };
}

/** The layers of a chart: what has neither cost nor tokens is left out. */
export function stackOf(usage: Usage, unit: Unit, by: By, label: (key: string) => string): Stack {
  const all = usage.series.map((series) => layerOf(series, unit, by, label));
  const layers = all.filter((layer) => layer.total > 0);
  // Of cost the dearest lies at the bottom already; the server orders by cost, not by tokens.
  if (unit === 'tokens') layers.sort((a, b) => Number(a.other) - Number(b.other) || b.total - a.total);
  const sum = (pick: (layer: Layer) => number[], of: Layer[]) =>
    usage.buckets.map((_, i) => of.reduce((total, layer) => total + (pick(layer)[i] ?? 0), 0));
  return {
    unit,
    layers,
    unpriced: unit === 'cost' ? all.filter((layer) => layer.total === 0 && layer.unpricedTotal > 0) : [],
    totals: sum((layer) => layer.values, layers),
    unpricedTotals: sum((layer) => layer.unpriced, all),
  };
}

/** Which agent a model counts to: the one that used most of it. */
export function agentOfModels(byAgent: ReadonlyMap<string, Usage>): Map<string, string> {
  const best = new Map<string, [string, number]>();
  for (const [agent, usage] of byAgent) {
    for (const series of usage.series) {
      if (series.key === null) continue;
      const size = tokensOf(series.totals);
      const known = best.get(series.key);
      if (!known || size > known[1]) best.set(series.key, [agent, size]);
    }
  }
  return new Map([...best].map(([model, [agent]]) => [model, agent]));
}

/** A column that is nicely round and not below `top`, and how it is divided. */
export function niceScale(top: number, parts = 5): { top: number; ticks: number[] } {
  if (!(top > 0)) return { top: 1, ticks: [0] };
  const rough = top / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, i) => i * step) };
}

/** Which labels of an axis are shown, so that each has its width; the last one always is not needed. */
export function thin(count: number, width: number, least: number): number {
  if (count < 1 || width <= 0) return 1;
  const every = Math.ceil((least * count) / width);
  const nice = [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 48, 72, 96, 168];
  return nice.find((step) => step >= every) ?? every;
}
