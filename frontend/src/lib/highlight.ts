/** A stretch of code: a keyword (`k`), a string (`q`), a note (`n`), or anything else. */
export interface Token {
  kind: 'k' | 'q' | 'n' | '';
  text: string;
}

interface Language {
  words: ReadonlySet<string>;
  /** Begins a note that reaches to the end of the line. */
  line: string[];
  /** Begins and ends a note over lines. */
  block: [string, string] | null;
  quotes: string[];
  /** Words are the same in upper and lower case. */
  loose?: boolean;
}

const set = (words: string) => new Set(words.split(' '));
const C_LIKE =
  'if else for while do switch case default break continue return new this null true false const static void';
const SLASHES: Pick<Language, 'line' | 'block' | 'quotes'> = {
  line: ['//'],
  block: ['/*', '*/'],
  quotes: ['"', "'", '`'],
};
const HASH: Pick<Language, 'line' | 'block' | 'quotes'> = { line: ['#'], block: null, quotes: ['"', "'"] };

const SCRIPT: Language = {
  ...SLASHES,
  words: set(
    `${C_LIKE} let var function class extends implements interface type enum import export from as async await yield of in typeof instanceof throw try catch finally public private protected readonly declare namespace undefined super delete satisfies keyof`,
  ),
};
const PYTHON: Language = {
  ...HASH,
  quotes: ['"""', "'''", '"', "'"],
  words: set(
    'def class return if elif else for while try except finally raise with as import from pass break continue lambda yield async await global nonlocal assert del in is not and or None True False self match case',
  ),
};
const SYSTEM: Language = {
  ...SLASHES,
  quotes: ['"', '`'],
  words: set(
    `${C_LIKE} fn let mut pub impl trait struct enum match use mod crate self Self where async await move ref dyn loop unsafe func package import type interface map chan go defer select range var nil override fun val when object data sealed class public private protected final abstract extends implements int long double float bool char string throws throw try catch using namespace template typename auto include define ifdef endif`,
  ),
};
const SHELL: Language = {
  ...HASH,
  words: set(
    'if then else elif fi for while do done case esac in function return export local set unset source cd exit sudo echo',
  ),
};
const SQL: Language = {
  line: ['--'],
  block: ['/*', '*/'],
  quotes: ["'", '"'],
  loose: true,
  words: set(
    'select from where insert into values update set delete create table index unique alter add column drop primary key foreign references not null default and or in is like join left right inner outer on group by order having limit offset union all distinct as case when then else end begin commit rollback concurrently if exists constraint using returning with',
  ),
};
const DATA: Language = { ...HASH, words: set('true false null yes no on off') };
const STYLE: Language = {
  line: [],
  block: ['/*', '*/'],
  quotes: ['"', "'"],
  words: set('important media import supports keyframes var calc'),
};
const MARKUP: Language = { line: [], block: ['<!--', '-->'], quotes: ['"', "'"], words: set('') };
const RUBY: Language = {
  ...HASH,
  words: set(
    'def class module end if elsif else unless while until do return yield self nil true false begin rescue ensure require include attr_accessor puts then when case and or not in',
  ),
};

const NAMES: Readonly<Record<string, Language>> = Object.fromEntries(
  (
    [
      ['js jsx mjs cjs ts tsx mts javascript typescript svelte vue json5 jsonc', SCRIPT],
      ['json', { ...SCRIPT, words: set('true false null') }],
      ['py pyi python python3', PYTHON],
      [
        'rs rust go golang java kt kts kotlin c h cc cpp hpp c++ cs csharp swift scala dart php proto zig',
        SYSTEM,
      ],
      ['sh bash zsh fish shell console shellsession dockerfile makefile', SHELL],
      ['sql psql sqlite mysql', SQL],
      ['yaml yml toml ini cfg conf env properties tf hcl', DATA],
      ['css scss less', STYLE],
      ['html htm xml svg', MARKUP],
      ['rb ruby', RUBY],
    ] as const
  ).flatMap(([names, language]) => names.split(' ').map((name) => [name, language])),
);

/** The language's name for a fence's word or a file's path; empty when it is not known. */
export function languageOf(told: string): string {
  const base = told.slice(-200).split(/[\\/]/).pop()?.toLowerCase() ?? '';
  const name = base.includes('.') ? (base.split('.').pop() ?? '') : base;
  return Object.hasOwn(NAMES, name) ? name : '';
}

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?)/iy;
/** Longer code is not coloured: it would be slow to draw, and nobody reads it for its colours. */
const MAX_CODE = 60_000;

/** Colours code in one pass. Without a known language all of it is one token. */
export function highlight(code: string, language: string): Token[] {
  const known = Object.hasOwn(NAMES, language) ? NAMES[language] : undefined;
  if (!known || code.length > MAX_CODE) return [{ kind: '', text: code }];
  const out: Token[] = [];
  const put = (kind: Token['kind'], text: string) => {
    const last = out[out.length - 1];
    if (last?.kind === kind) last.text += text;
    else out.push({ kind, text });
  };
  let at = 0;
  while (at < code.length) {
    const [kind, end] = tokenAt(code, at, known);
    put(kind, code.slice(at, end));
    at = end;
  }
  return out;
}

function tokenAt(code: string, at: number, known: Language): [Token['kind'], number] {
  const note = noteEnd(code, at, known);
  if (note > at) return ['n', note];
  for (const quote of known.quotes) if (code.startsWith(quote, at)) return ['q', stringEnd(code, at, quote)];
  WORD.lastIndex = at;
  const word = WORD.exec(code)?.[0];
  if (word) return [known.words.has(known.loose ? word.toLowerCase() : word) ? 'k' : '', at + word.length];
  NUMBER.lastIndex = at;
  const number = NUMBER.exec(code)?.[0];
  return number ? ['q', at + number.length] : ['', at + 1];
}

function noteEnd(code: string, at: number, { line, block }: Language): number {
  if (block && code.startsWith(block[0], at)) {
    const end = code.indexOf(block[1], at + block[0].length);
    return end < 0 ? code.length : end + block[1].length;
  }
  const before = code[at - 1];
  for (const sign of line) {
    if (!code.startsWith(sign, at)) continue;
    // In a shell and in data a hash within a word is part of it, and so are the slashes of an address.
    if ((sign === '#' && before !== undefined && !/\s/.test(before)) || before === ':') continue;
    const end = code.indexOf('\n', at);
    return end < 0 ? code.length : end;
  }
  return at;
}

function stringEnd(code: string, at: number, quote: string): number {
  const many = quote.length > 1 || quote === '`';
  for (let end = at + quote.length; end < code.length; end += 1) {
    if (code[end] === '\\') end += 1;
    else if (code.startsWith(quote, end)) return end + quote.length;
    // One that was not closed ends with its line: an apostrophe in a note does not colour the rest.
    else if (code[end] === '\n' && !many) return end;
  }
  return code.length;
}
