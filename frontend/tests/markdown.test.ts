import { describe, expect, it } from 'vitest';
import { parseInline, plainOf, safeHref, type Inline } from '../src/lib/inline';
import { CHUNK, chunks, parseMarkdown, type Block } from '../src/lib/markdown';

const one = (text: string): Block => {
  const found = parseMarkdown(text);
  expect(found).toHaveLength(1);
  return found[0] as Block;
};
/** A short way to write down what was read. */
const show = (parts: Inline[]): string =>
  parts
    .map((part) => {
      if (part.t === 'br') return '⏎';
      if ('text' in part) return part.t === 'code' ? `c{${part.text}}` : part.text;
      return `${part.t === 'link' ? `a(${part.href})` : part.t}{${show(part.kids)}}`;
    })
    .join('');
const inline = (text: string) => show(parseInline(text));

describe('the inside of a paragraph', () => {
  it.each([
    ['a **b** c', 'a strong{b} c'],
    ['*a **b** c*', 'em{a strong{b} c}'],
    ['***x***', 'strong{em{x}}'],
    ['~~gone~~ ~kept~', 'del{gone} ~kept~'],
    ['snake_case_name and _em_', 'snake_case_name and em{em}'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['**open', '**open'],
    ['`a*b*` ``x ` y``', 'c{a*b*} c{x ` y}'],
    ['`open', '`open'],
    ['\\*no\\*', '*no*'],
    ['one\ntwo', 'one⏎two'],
    ['[text](https://a.example/x "t")', 'a(https://a.example/x){text}'],
    ['[**b**](https://a.example/f_(x))', 'a(https://a.example/f_(x)){strong{b}}'],
    ['see https://a.example/x?y=1, and', 'see a(https://a.example/x?y=1){https://a.example/x?y=1}, and'],
    ['(https://a.example/x)', '(a(https://a.example/x){https://a.example/x})'],
    ['<https://a.example>', 'a(https://a.example){https://a.example}'],
    ['[a](src/a.py)', 'a (src/a.py)'],
    ['[]', '[]'],
  ])('%s', (text, shown) => {
    expect(inline(text)).toBe(shown);
  });

  it('leads nowhere but to the web and to mail', () => {
    for (const bad of [
      'javascript:alert(1)',
      'JaVaScRiPt:x',
      'data:text/html,x',
      'file:///etc',
      '//a',
      'java\nscript:x',
      'vbscript:x',
      ' https://a b',
      '/x',
      'https:',
    ])
      expect(safeHref(bad)).toBeNull();
    expect(inline('[x](javascript:alert(1))')).toBe('x (javascript:alert(1))');
    expect(safeHref('mailto:a@b.example')).toBe('mailto:a@b.example');
  });

  it('shows an image as text and HTML as it is', () => {
    expect(inline('![plan](https://a.example/leak.png)')).toBe('image: plan (https://a.example/leak.png)');
    expect(inline('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>');
  });

  it('writes out what would reorder a line', () => {
    expect(inline('a\u202eb `c\u202ed`')).toBe('a\\u{202e}b c{c\\u{202e}d}');
  });

  it('says the same words whatever marks stand around them', () => {
    expect(plainOf(parseInline('a **b _c_** `d` [e](https://f.example)'))).toBe('a b c d e');
  });
});

describe('blocks', () => {
  it('reads headings, rules and paragraphs', () => {
    expect(parseMarkdown('# A\n\ntext\nmore\n## B ##\n---').map((block) => block.t)).toEqual([
      'h',
      'p',
      'h',
      'hr',
    ]);
  });

  it('reads fenced code as it is, also one without an end', () => {
    expect(one('```Py title\n# no\n  *x*\n```')).toEqual({ t: 'code', lang: 'py', text: '# no\n  *x*' });
    expect(one('~~~\na\n```\nb')).toEqual({ t: 'code', lang: '', text: 'a\n```\nb' });
    expect(one('    a\n\n      b')).toEqual({ t: 'code', lang: '', text: 'a\n\n  b' });
  });

  it('nests lists by their indent, with boxes', () => {
    const list = one('1. a\n2. b\n  - c\n    - [x] d\n3. e');
    if (list.t !== 'list') throw new Error('no list');
    expect([list.ordered, list.items.length]).toEqual([true, 3]);
    const inner = list.items[1]?.kids[1];
    if (inner?.t !== 'list') throw new Error('no list within');
    const deep = inner.items[0]?.kids[1];
    if (deep?.t !== 'list') throw new Error('no list within that');
    expect(deep.items[0]).toMatchObject({ checked: true, kids: [{ t: 'p' }] });
  });

  it('keeps code in an item, and lines that only go on', () => {
    const list = one('- a\n  ```sh\n  ls\n  ```\n- b\ngoes on');
    if (list.t !== 'list') throw new Error('no list');
    expect(list.items[0]?.kids[1]).toEqual({ t: 'code', lang: 'sh', text: 'ls' });
    expect(list.items[1]?.kids).toHaveLength(1);
  });

  it('does not take a year for a list', () => {
    expect(parseMarkdown('It was\n1984. A year.').map((block) => block.t)).toEqual(['p']);
  });

  it('reads tables with their alignment and escaped bars', () => {
    const table = one('| a | b |\n|:-:|--:|\n| 1 | x \\| y |\n| 2 |');
    if (table.t !== 'table') throw new Error('no table');
    expect(table.align).toEqual(['center', 'right']);
    expect(table.rows.map((row) => row.map(show))).toEqual([
      ['1', 'x | y'],
      ['2', ''],
    ]);
    expect(one('a | b\nno rule').t).toBe('p');
  });

  it('reads quotations, and stops nesting before it could overflow', () => {
    expect(one('> a\n> - b')).toMatchObject({ t: 'quote', kids: [{ t: 'p' }, { t: 'list' }] });
    expect(parseMarkdown('>'.repeat(20_000) + ' x')).toHaveLength(1);
    expect(parseMarkdown('- '.repeat(5000) + 'x')).toHaveLength(1);
  });
});

describe('long texts', () => {
  it('are cut between blocks, and nothing is lost', () => {
    const text = Array.from({ length: 4000 }, (_, i) => `Paragraph ${i} says *this*.\n`).join('\n');
    const parts = chunks(text);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.join('\n')).toBe(text);
    for (const part of parts) expect(part.length).toBeLessThan(CHUNK + 200);
  });

  it('keep code as code across a cut', () => {
    const parts = chunks('```py\n' + 'x = 1\n'.repeat(9000) + '```\n\nEnd.');
    for (const part of parts.slice(0, -1))
      expect(parseMarkdown(part).map((block) => block.t)).toEqual(['code']);
    expect(parseMarkdown(parts.at(-1) ?? '').at(-1)).toMatchObject({ t: 'p' });
  });

  it('may be one line, and are never cut within a character', () => {
    const parts = chunks('😀'.repeat(20_001));
    expect(parts.join('')).toBe('😀'.repeat(20_001));
    for (const part of parts) expect(encodeURIComponent(part)).toContain('%F0');
  });
});
