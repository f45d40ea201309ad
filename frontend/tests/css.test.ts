import { describe, expect, it } from 'vitest';

const read = (files: Record<string, unknown>) =>
  new Map(Object.entries(files).map(([path, text]) => [path.replace('../src/', ''), String(text)]));
const STYLES = read(import.meta.glob('../src/**/*.css', { query: '?raw', import: 'default', eager: true }));
const MODULES = read(
  import.meta.glob('../src/**/*.{svelte,ts}', { query: '?raw', import: 'default', eager: true }),
);

/** Each file of styles with the modules that bring it into the page. */
function importers(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [name, text] of MODULES) {
    for (const [, path] of text.matchAll(/^\s*import '(\.[^']+\.css)'/gm)) {
      const file = new URL(path ?? '', `file:///${name}`).pathname.slice(1);
      found.set(file, (found.get(file) ?? new Set<string>()).add(name));
    }
  }
  return found;
}

/** The classes that a rule begins with: those that the file styles. */
function styled(text: string): Set<string> {
  const heads = [...text.replace(/\/\*.*?\*\//gs, '').matchAll(/([^{}]+)\{/g)].map(([, head]) => head ?? '');
  const parts = heads
    .filter((head) => !head.trim().startsWith('@'))
    .flatMap((head) => head.split(/,(?![^(]*\))/));
  return new Set(parts.flatMap((part) => /^\s*(?::is\()?[a-z]*\.([\w-]+)/.exec(part)?.[1] ?? []));
}

describe('the styles of pages', () => {
  // A page's styles stay when another page is opened, in the order in which somebody happened to go.
  it('give no class to two files that may come in any order', () => {
    const files = importers();
    expect([...files.keys()].sort()).toEqual([...STYLES.keys()].sort());
    const owners = new Map<string, string>();
    const clashes: string[] = [];
    for (const [file, by] of files) {
      for (const name of styled(STYLES.get(file) ?? '')) {
        const owner = owners.get(name);
        const together = owner !== undefined && [...by].some((module) => files.get(owner)?.has(module));
        if (owner !== undefined && !together) clashes.push(`.${name} in ${owner} and ${file}`);
        owners.set(name, file);
      }
    }
    expect(owners.size).toBeGreaterThan(300);
    expect(clashes).toEqual([]);
  });

  it('are files of at most 300 lines', () => {
    const long = [...STYLES].filter(([, text]) => text.split('\n').length > 301).map(([file]) => file);
    expect(long).toEqual([]);
  });
});
