/** A size in at most three digits and a unit of 1,000: 812 B, 6.1 MB, 1.4 GB. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = Math.max(0, value);
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(rest) : Number(rest.toPrecision(3))} ${units[unit]}`;
}
