import { parseInline, type Inline } from './inline';

/** A block of Markdown. Raw HTML is text like any other. */
export type Block =
  | { t: 'p'; kids: Inline[] }
  | { t: 'h'; level: number; kids: Inline[] }
  | { t: 'code'; lang: string; text: string }
  | { t: 'list'; ordered: boolean; start: number; items: Item[] }
  | { t: 'quote'; kids: Block[] }
  | { t: 'table'; align: Align[]; head: Inline[][]; rows: Inline[][][] }
  | { t: 'hr' };

export type Align = 'left' | 'center' | 'right' | null;

/** An item of a list; `checked` is null where it has no box. */
export interface Item {
  checked: boolean | null;
  kids: Block[];
}

/** Lists and quotations deeper than this are shown as text. */
const MAX_DEPTH = 8;
const MAX_COLUMNS = 40;

const FENCE = /^( {0,3})(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/;
const BULLET = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|$)(?! {0,3}$)/;
const BOX = /^\[([ xX])\] +/;

const isBlank = (line: string) => line.trim() === '';
const indentOf = (line: string) => line.length - line.trimStart().length;

/** Reads a text as Markdown: the usual kind of agents' answers, with tables and task lists. */
export function parseMarkdown(text: string): Block[] {
  return blocks(text.replace(/\r\n?/g, '\n').replace(/\t/g, '    ').split('\n'), 0);
}

function blocks(lines: string[], depth: number): Block[] {
  const out: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (isBlank(line)) {
      at += 1;
      continue;
    }
    const found =
      fence(lines, at) ?? leaf(line) ?? table(lines, at) ?? nested(lines, at, depth) ?? indented(lines, at);
    if (found) {
      out.push(found.block);
      at += found.used;
      continue;
    }
    const from = at;
    at += 1;
    while (at < lines.length && !interrupts(lines, at)) at += 1;
    out.push({
      t: 'p',
      kids: parseInline(
        lines
          .slice(from, at)
          .map((each) => each.trimStart())
          .join('\n')
          .trimEnd(),
      ),
    });
  }
  return out;
}

interface Found {
  block: Block;
  used: number;
}

/** Whether a line ends the paragraph before it. */
function interrupts(lines: string[], at: number): boolean {
  const line = lines[at] ?? '';
  if (isBlank(line) || FENCE.test(line) || HEADING.test(line) || RULE.test(line)) return true;
  if (/^ {0,3}>/.test(line) || table(lines, at) !== null) return true;
  const bullet = BULLET.exec(line);
  // A number only begins a list within a paragraph when it is the first: years end sentences.
  return bullet !== null && (!/\d/.test(bullet[2] ?? '') || /^1[.)]$/.test(bullet[2] ?? ''));
}

function leaf(line: string): Found | null {
  if (RULE.test(line)) return { block: { t: 'hr' }, used: 1 };
  const heading = HEADING.exec(line);
  if (!heading) return null;
  const words = (heading[2] ?? '').trim().replace(/(?:^|[ \t])#+$/, '');
  return { block: { t: 'h', level: (heading[1] ?? '#').length, kids: parseInline(words.trim()) }, used: 1 };
}

function fence(lines: string[], at: number): Found | null {
  const open = FENCE.exec(lines[at] ?? '');
  if (!open) return null;
  const sign = open[2] ?? '```';
  const margin = (open[1] ?? '').length;
  const body: string[] = [];
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? '';
    const shut = line.trim();
    if (indentOf(line) <= 3 && shut.length >= sign.length && shut === (sign[0] ?? '').repeat(shut.length))
      break;
    body.push(line.slice(Math.min(margin, indentOf(line))));
  }
  return {
    block: { t: 'code', lang: (open[3] ?? '').toLowerCase(), text: body.join('\n') },
    used: end + 1 - at,
  };
}

function indented(lines: string[], at: number): Found | null {
  if (indentOf(lines[at] ?? '') < 4) return null;
  let end = at;
  while (end < lines.length && (isBlank(lines[end] ?? '') || indentOf(lines[end] ?? '') >= 4)) end += 1;
  const body = lines.slice(at, end).map((line) => line.slice(4));
  return { block: { t: 'code', lang: '', text: body.join('\n').trimEnd() }, used: end - at };
}

function nested(lines: string[], at: number, depth: number): Found | null {
  if (depth >= MAX_DEPTH) return null;
  return quote(lines, at, depth) ?? list(lines, at, depth);
}

function quote(lines: string[], at: number, depth: number): Found | null {
  if (!/^ {0,3}>/.test(lines[at] ?? '')) return null;
  let end = at;
  const inner: string[] = [];
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? '';
    if (/^ {0,3}>/.test(line)) inner.push(line.replace(/^ {0,3}> ?/, ''));
    else if (isBlank(line) || interrupts(lines, end)) break;
    else inner.push(line);
  }
  return { block: { t: 'quote', kids: blocks(inner, depth + 1) }, used: end - at };
}

function list(lines: string[], at: number, depth: number): Found | null {
  const first = BULLET.exec(lines[at] ?? '');
  if (!first) return null;
  const kind = (first[2] ?? '-').slice(-1);
  const ordered = kind === '.' || kind === ')';
  const items: Item[] = [];
  let end = at;
  while (end < lines.length) {
    const head = BULLET.exec(lines[end] ?? '');
    if (head?.[2]?.slice(-1) !== kind || (!ordered && RULE.test(lines[end] ?? ''))) break;
    const width = head[0].length;
    let margin = 0;
    const inner = [(lines[end] ?? '').slice(width)];
    end += 1;
    // What is set in belongs to the item; two columns are enough, although the standard asks for more.
    for (; end < lines.length; end += 1) {
      const line = lines[end] ?? '';
      const indent = indentOf(line);
      const lazy =
        indent === 0 && !isBlank(lines[end - 1] ?? '') && !interrupts(lines, end) && !BULLET.test(line);
      if (!isBlank(line) && indent < 2 && !lazy) break;
      // All of it is set out by what the first such line is set in, so that it keeps its shape.
      if (margin === 0 && !isBlank(line)) margin = Math.min(indent, width);
      inner.push(line.slice(Math.min(indent, margin)));
    }
    const box = BOX.exec(inner[0] ?? '');
    if (box) inner[0] = (inner[0] ?? '').slice(box[0].length);
    items.push({ checked: box ? box[1] !== ' ' : null, kids: blocks(inner, depth + 1) });
  }
  const start = ordered ? Number.parseInt(first[2] ?? '1', 10) : 1;
  return { block: { t: 'list', ordered, start, items }, used: end - at };
}

function cells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/, MAX_COLUMNS).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function table(lines: string[], at: number): Found | null {
  const rule = (lines[at + 1] ?? '').trim();
  if (!(lines[at] ?? '').includes('|') || !/^[|:\- ]+$/.test(rule) || !rule.includes('-')) return null;
  const marks = cells(rule);
  const head = cells(lines[at] ?? '');
  if (marks.length !== head.length || !marks.every((mark) => /^:?-+:?$/.test(mark))) return null;
  const align = marks.map((mark): Align => {
    const [left, right] = [mark.startsWith(':'), mark.endsWith(':')];
    return left && right ? 'center' : right ? 'right' : left ? 'left' : null;
  });
  const rows: Inline[][][] = [];
  let end = at + 2;
  for (; end < lines.length && !isBlank(lines[end] ?? '') && (lines[end] ?? '').includes('|'); end += 1) {
    const row = cells(lines[end] ?? '');
    rows.push(head.map((_, i) => parseInline(row[i] ?? '')));
  }
  return { block: { t: 'table', align, head: head.map(parseInline), rows }, used: end - at };
}

/** How much of a text is read at once. */
export const CHUNK = 16_000;

/**
 * Cuts a long text into parts that can be read by themselves: between blocks, outside of fenced code;
 * where no such place is near, between lines, and code goes on as code.
 */
export function chunks(text: string, size = CHUNK): string[] {
  if (text.length <= size) return [text];
  const out: string[] = [];
  let part: string[] = [];
  let length = 0;
  let open: string | null = null;
  for (const line of text.split('\n').flatMap((each) => pieces(each, size))) {
    const sign = FENCE.exec(line)?.[2];
    if (open === null) open = sign ?? null;
    else if (line.trim() === open) open = null;
    part.push(line);
    length += line.length + 1;
    const calm = open === null && isBlank(line);
    if (length < size && !(calm && length > size / 2)) continue;
    if (open !== null) part.push(open);
    out.push(part.join('\n'));
    part = open === null ? [] : [open];
    length = 0;
  }
  if (part.length > 0) out.push(part.join('\n'));
  return out;
}

/** A line without an end, in parts that end between characters. */
function pieces(line: string, size: number): string[] {
  if (line.length <= size) return [line];
  const out: string[] = [];
  for (let at = 0; at < line.length;) {
    let end = Math.min(line.length, at + size);
    if (end < line.length && /[\ud800-\udbff]/.test(line[end - 1] ?? '')) end -= 1;
    out.push(line.slice(at, end));
    at = end;
  }
  return out;
}
