import { visible } from './format';

/** A part of a line of Markdown. Everything in it is text: nothing here can become markup. */
export type Inline =
  | { t: 'text'; text: string }
  | { t: 'code'; text: string }
  | { t: 'strong' | 'em' | 'del'; kids: Inline[] }
  | { t: 'link'; href: string; kids: Inline[] }
  | { t: 'br' };

/** An address that a link may lead to; null for every other: scripts, files, and what is no address. */
export function safeHref(raw: string): string | null {
  const href = raw.trim();
  // A browser ignores control characters inside an address, so none may hide its beginning.
  if (href.length > 2000 || !/^(https?:\/\/[^\s/]|mailto:[^\s])/i.test(href) || /[\s\p{Cc}]/u.test(href))
    return null;
  return href;
}

interface Mark {
  key: string;
  at: number;
}

const WORD = /[\p{L}\p{N}_]/u;
const SPACE = /\s/;
const URL_AT = /https?:\/\/[^\s<>"'`{}|\\^]+/iy;
const AUTO_AT = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/iy;
const TARGET_AT =
  /\(\s*(?:<([^<>\n]{0,2000})>|((?:[^\s()]|\([^\s()]*\)){0,2000}))(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * Reads the inside of a paragraph. One pass: each mark is put on a stack and taken off at most once, so
 * that the time grows with the length of the text whatever somebody wrote.
 */
class Reader {
  readonly out: Inline[] = [];
  readonly marks: Mark[] = [];
  readonly open = new Map<string, number>();
  readonly noEnd = new Set<number>();
  plain = '';
  at = 0;

  constructor(readonly text: string) {}

  read(): Inline[] {
    const { text } = this;
    while (this.at < text.length) if (!this.step(text[this.at] ?? '')) this.plain += text[this.at++];
    this.flush();
    return merge(this.out);
  }

  step(ch: string): boolean {
    switch (ch) {
      case '\\':
        return this.escape();
      case '`':
        return this.code();
      case '*':
      case '_':
      case '~':
        return this.emphasis(ch);
      case '!':
        return this.text[this.at + 1] === '[' && this.bracket('![');
      case '[':
        return this.bracket('[');
      case ']':
        return this.close();
      case '<':
        return this.auto(matchAt(AUTO_AT, this.text, this.at), 1);
      case 'h':
      case 'H':
        return !WORD.test(this.text[this.at - 1] ?? '') && this.auto(matchAt(URL_AT, this.text, this.at), 0);
      case '\n':
        this.plain = this.plain.replace(/ {1,9}$/, '');
        this.push({ t: 'br' }, 1);
        return true;
      default:
        return false;
    }
  }

  flush(): void {
    if (this.plain) this.out.push({ t: 'text', text: visible(this.plain) });
    this.plain = '';
  }

  push(node: Inline, length: number): void {
    this.flush();
    this.out.push(node);
    this.at += length;
  }

  escape(): boolean {
    const next = this.text[this.at + 1] ?? '';
    if (!/[!-/:-@[-`{-~]/.test(next)) return false;
    this.plain += next;
    this.at += 2;
    return true;
  }

  run(ch: string): number {
    let end = this.at;
    while (this.text[end] === ch) end += 1;
    return end - this.at;
  }

  code(): boolean {
    const length = this.run('`');
    let end = this.noEnd.has(length) ? -1 : this.at + length;
    while (end >= 0) {
      end = this.text.indexOf('`', end);
      if (end < 0) break;
      let stop = end;
      while (this.text[stop] === '`') stop += 1;
      if (stop - end === length) {
        const inner = this.text.slice(this.at + length, end).replace(/\n/g, ' ');
        const text = /^ .*[^ ].* $/.test(inner) ? inner.slice(1, -1) : inner;
        this.push({ t: 'code', text: visible(text) }, stop - this.at);
        return true;
      }
      end = stop;
    }
    this.noEnd.add(length);
    this.plain += '`'.repeat(length);
    this.at += length;
    return true;
  }

  emphasis(ch: string): boolean {
    const length = this.run(ch);
    const before = this.text[this.at - 1] ?? ' ';
    const after = this.text[this.at + length] ?? ' ';
    const inWord = ch === '_' && WORD.test(before) && WORD.test(after);
    const fits = ch === '~' ? length === 2 : length <= 3;
    const key = ch.repeat(Math.min(length, 4));
    if (fits && !inWord) {
      if (!SPACE.test(before) && (this.open.get(key) ?? 0) > 0) {
        this.wrap(key, length);
        return true;
      }
      if (!SPACE.test(after)) {
        this.mark(key, ch.repeat(length));
        return true;
      }
    }
    this.plain += ch.repeat(length);
    this.at += length;
    return true;
  }

  /** Notes where something may begin; until it ends its sign is text. */
  mark(key: string, sign: string): void {
    this.flush();
    this.marks.push({ key, at: this.out.length });
    this.open.set(key, (this.open.get(key) ?? 0) + 1);
    this.out.push({ t: 'text', text: sign });
    this.at += sign.length;
  }

  /** Takes marks off the stack down to the last one of a kind. */
  pop(...keys: string[]): Mark | undefined {
    for (;;) {
      const mark = this.marks.pop();
      if (!mark) return undefined;
      this.open.set(mark.key, (this.open.get(mark.key) ?? 1) - 1);
      if (keys.includes(mark.key)) return mark;
    }
  }

  wrap(key: string, length: number): void {
    this.flush();
    const mark = this.pop(key);
    if (!mark) return;
    const kids = merge(this.out.splice(mark.at).slice(1));
    const inner: Inline[] = length === 3 ? [{ t: 'em', kids }] : kids;
    this.out.push({ t: key[0] === '~' ? 'del' : length === 1 ? 'em' : 'strong', kids: inner });
    this.at += length;
  }

  bracket(sign: '[' | '!['): boolean {
    this.mark(sign, sign);
    return true;
  }

  close(): boolean {
    if ((this.open.get('[') ?? 0) + (this.open.get('![') ?? 0) === 0) return false;
    this.flush();
    const mark = this.pop('[', '![');
    const target = this.text[this.at + 1] === '(' ? matchAt(TARGET_AT, this.text, this.at + 1) : null;
    if (!mark || !target) {
      this.plain += ']';
      this.at += 1;
      return true;
    }
    const kids = merge(this.out.splice(mark.at).slice(1));
    const told = target[1] ?? target[2] ?? '';
    const href = mark.key === '[' ? safeHref(told) : null;
    this.at += 1 + target[0].length;
    if (href) this.out.push({ t: 'link', href, kids: kids.length > 0 ? unlinked(kids) : [textOf(href)] });
    // An image is not fetched, and an address that leads nowhere safe is no link: both are text.
    else if (mark.key === '![') this.out.push(textOf('image: '), ...kids, textOf(` (${told})`));
    else this.out.push(...kids, ...(told && plainOf(kids) !== told ? [textOf(` (${told})`)] : []));
    return true;
  }

  auto(found: RegExpExecArray | null, rim: number): boolean {
    if (!found) return false;
    let told = found[rim] ?? '';
    if (rim === 0) told = trimUrl(told);
    const href = safeHref(told);
    if (!href) return false;
    this.push({ t: 'link', href, kids: [textOf(told)] }, told.length + 2 * rim);
    return true;
  }
}

/** An address in running text does not hold the sentence's own signs at its end. */
function trimUrl(url: string): string {
  let end = url.length;
  for (;;) {
    const last = url[end - 1] ?? '';
    if (/[.,;:!?*_~]/.test(last)) end -= 1;
    else if ((last === ')' && !url.slice(0, end).includes('(')) || last === ']') end -= 1;
    else return url.slice(0, end);
  }
}

function textOf(text: string): Inline {
  return { t: 'text', text: visible(text) };
}

/** What the parts say, without their form. */
export function plainOf(parts: readonly Inline[]): string {
  return parts
    .map((part) => (part.t === 'br' ? '\n' : 'text' in part ? part.text : plainOf(part.kids)))
    .join('');
}

/** A link holds no other link. */
function unlinked(parts: Inline[]): Inline[] {
  return parts.flatMap((part): Inline[] => (part.t === 'link' ? part.kids : [part]));
}

/** Puts texts that stand beside each other together. */
function merge(parts: Inline[]): Inline[] {
  const out: Inline[] = [];
  for (const part of parts) {
    const last = out[out.length - 1];
    if (part.t === 'text' && last?.t === 'text')
      out[out.length - 1] = { t: 'text', text: last.text + part.text };
    else out.push(part);
  }
  return out;
}

/** Reads the inside of a paragraph, a heading or a cell. */
export function parseInline(text: string): Inline[] {
  return new Reader(text).read();
}
