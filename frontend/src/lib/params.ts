/** One parameter of an address: how it is read, and how it is written (null leaves it out). */
export interface Param<T> {
  read(raw: string | null): T;
  write(value: T): string | null;
}

/** A text; absent or empty is null. */
export const text: Param<string | null> = {
  read: (raw) => raw?.trim() || null,
  write: (value) => value?.trim() || null,
};

/** One of a few words; anything else reads as the default, which is not written. */
export function choice<const T extends string, D extends T>(values: readonly T[], fallback: D): Param<T> {
  return {
    read: (raw) => values.find((value) => value === raw) ?? fallback,
    write: (value) => (value === fallback ? null : value),
  };
}

/** A whole number from `min` on. */
export function whole(fallback: number, min = 0): Param<number> {
  return {
    read: (raw) => {
      const value = raw !== null && /^\d{1,15}$/.test(raw) ? Number(raw) : NaN;
      return value >= min ? value : fallback;
    },
    write: (value) => (value === fallback ? null : String(value)),
  };
}

/** A switch: there or not. */
export const flag: Param<boolean> = {
  read: (raw) => raw !== null && raw !== '0',
  write: (value) => (value ? '1' : null),
};

/** The parameters of a page, by name. */
export type Spec = Record<string, Param<never>>;
/** The values that a spec reads. */
export type Values<S> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };

/** Reads every parameter of a spec; what it does not know falls back. */
export function readParams<S>(spec: S, search: string): Values<S> {
  const params = new URLSearchParams(search);
  const entries = Object.entries(spec as Record<string, Param<unknown>>);
  return Object.fromEntries(entries.map(([key, param]) => [key, param.read(params.get(key))])) as Values<S>;
}

/** Writes some parameters into a query string; defaults are left out, those of others are kept. */
export function writeParams<S>(spec: S, search: string, change: Partial<Values<S>>): string {
  const params = new URLSearchParams(search);
  for (const [key, value] of Object.entries(change)) {
    const written = (spec as Record<string, Param<unknown>>)[key]?.write(value) ?? null;
    if (written === null) params.delete(key);
    else params.set(key, written);
  }
  const out = params.toString();
  return out ? `?${out}` : '';
}
