/** A line of a diff; a number is null where that side does not have the line. */
export interface DiffLine {
  kind: 'same' | 'add' | 'del';
  old: number | null;
  new: number | null;
  text: string;
  /** The part that changed within the line, as [from, to]. */
  mark: [number, number] | null;
}

/** Lines that stand together. */
export interface Hunk {
  /** What stands above them: the file, or where they begin. */
  head: string;
  lines: DiffLine[];
}

/** Tables larger than this are not worked out line by line. */
const MAX_CELLS = 250_000;
/** Same lines shown around a change. */
const AROUND = 3;

/** Reads a unified diff, or the patch that some models write. Null when a text is neither. */
export function parseDiff(text: string): Hunk[] | null {
  const hunks: Hunk[] = [];
  let file = '';
  let hunk: Hunk | null = null;
  let [a, b] = [1, 1];
  const open = (head: string) => {
    hunk = { head, lines: [] };
    hunks.push(hunk);
  };
  for (const line of text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n')) {
    const place = /^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@ ?(.*)$/.exec(line);
    const named = /^\*\*\* (?:Add|Update|Delete) File: (.*)$/.exec(line);
    if (place) {
      [a, b] = [Number(place[1]), Number(place[2])];
      open([file, line].filter(Boolean).join('  '));
    } else if (named) {
      file = '';
      [a, b] = [1, 1];
      open(line.slice(4));
    } else if (line.startsWith('@@')) {
      open(line);
    } else if (/^(diff --git |index |new file|deleted file|similarity|rename |\*\*\* |\\ )/.test(line)) {
      continue;
    } else if (
      /^(--- |\+\+\+ )/.test(line) &&
      (hunk === null || /^(--- a?\/|\+\+\+ b?\/|--- \S+$)/.test(line))
    ) {
      const name =
        line
          .slice(4)
          .replace(/^[ab]\//, '')
          .split('\t')[0] ?? '';
      if (name !== '/dev/null') file = name;
      hunk = null;
    } else if (hunk !== null) {
      const sign = line[0] ?? ' ';
      const rest = line.slice(1);
      const into = (hunk as Hunk).lines;
      if (sign === '+') into.push({ kind: 'add', old: null, new: b++, text: rest, mark: null });
      else if (sign === '-') into.push({ kind: 'del', old: a++, new: null, text: rest, mark: null });
      else into.push({ kind: 'same', old: a++, new: b++, text: sign === ' ' ? rest : line, mark: null });
    }
  }
  const found = hunks.filter((each) => each.lines.some((line) => line.kind !== 'same'));
  for (const each of found) markWords(each.lines);
  return found.length > 0 ? found : null;
}

/** The diff of two texts, with a few lines around each change. */
export function diffTexts(before: string, after: string): Hunk[] {
  const a = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const b = after === '' ? [] : after.replace(/\n$/, '').split('\n');
  const lines = align(a, b);
  markWords(lines);
  const hunks: Hunk[] = [];
  let last = -Infinity;
  const near = lines.map((line) => line.kind !== 'same');
  lines.forEach((line, i) => {
    if (!near.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(Boolean)) return;
    if (i !== last + 1) hunks.push({ head: '', lines: [] });
    hunks[hunks.length - 1]?.lines.push(line);
    last = i;
  });
  return hunks;
}

function align(a: string[], b: string[]): DiffLine[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  const same = () => out.push({ kind: 'same', old: ++i, new: ++j, text: a[i - 1] ?? '', mark: null });
  const del = () => out.push({ kind: 'del', old: ++i, new: null, text: a[i - 1] ?? '', mark: null });
  const add = () => out.push({ kind: 'add', old: null, new: ++j, text: b[j - 1] ?? '', mark: null });
  while (i < start) same();
  const [n, m] = [a.length - end, b.length - end];
  const length = common(a.slice(start, n), b.slice(start, m));
  const width = m - start + 1;
  while (i < n || j < m) {
    const here = length?.[(i - start) * width + j - start];
    if (length && i < n && j < m && a[i] === b[j]) same();
    else if (i < n && (!length || j >= m || (length[(i - start + 1) * width + j - start] ?? 0) === here))
      del();
    else add();
  }
  while (i < a.length) same();
  return out;
}

/** How many lines the rests of both have in common, from each pair of places; null when that is too much work. */
function common(a: string[], b: string[]): Uint32Array | null {
  const width = b.length + 1;
  if ((a.length + 1) * width > MAX_CELLS) return null;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      length[i * width + j] =
        a[i] === b[j]
          ? (length[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(length[(i + 1) * width + j] ?? 0, length[i * width + j + 1] ?? 0);
  return length;
}

/** Marks what changed within lines that took each other's place. */
function markWords(lines: DiffLine[]): void {
  for (let at = 0; at < lines.length;) {
    const dels: DiffLine[] = [];
    const adds: DiffLine[] = [];
    for (; lines[at]?.kind === 'del'; at += 1) dels.push(lines[at] as DiffLine);
    for (; lines[at]?.kind === 'add'; at += 1) adds.push(lines[at] as DiffLine);
    if (dels.length + adds.length === 0) at += 1;
    else if (dels.length === adds.length) dels.forEach((line, i) => markPair(line, adds[i] as DiffLine));
  }
}

function markPair(a: DiffLine, b: DiffLine): void {
  const [x, y] = [a.text.match(/\w+|\s+|[^\w\s]/g) ?? [], b.text.match(/\w+|\s+|[^\w\s]/g) ?? []];
  let start = 0;
  while (start < x.length && start < y.length && x[start] === y[start]) start += 1;
  let end = 0;
  while (end < x.length - start && end < y.length - start && x[x.length - 1 - end] === y[y.length - 1 - end])
    end += 1;
  const from = x.slice(0, start).join('').length;
  const rest = end === 0 ? 0 : x.slice(-end).join('').length;
  const longest = Math.max(a.text.trim().length, b.text.trim().length);
  // Where little stayed, the whole lines are the change.
  if (from + rest - (a.text.length - a.text.trimStart().length) < longest * 0.35) return;
  if (a.text.length - rest > from) a.mark = [from, a.text.length - rest];
  if (b.text.length - rest > from) b.mark = [from, b.text.length - rest];
}

/** How many lines a diff adds and removes. */
export function countLines(hunks: readonly Hunk[]): { added: number; removed: number } {
  let [added, removed] = [0, 0];
  for (const hunk of hunks)
    for (const line of hunk.lines) {
      if (line.kind === 'add') added += 1;
      else if (line.kind === 'del') removed += 1;
    }
  return { added, removed };
}
