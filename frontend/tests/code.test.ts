import { describe, expect, it } from 'vitest';
import { parseAnsi, stripAnsi } from '../src/lib/ansi';
import { countLines, diffTexts, parseDiff } from '../src/lib/diff';
import { highlight, languageOf } from '../src/lib/highlight';

const E = '\u001b';

describe('terminal output', () => {
  it('keeps colours as tones and drops the rest', () => {
    expect(parseAnsi(`${E}[1m$ ls${E}[0m\n${E}[31mFAILED${E}[39m x ${E}[38;5;9mp${E}[0m`)).toEqual([
      { text: '$ ls', tone: null, bold: true },
      { text: '\n', tone: null, bold: false },
      { text: 'FAILED', tone: 'bad', bold: false },
      { text: ' x p', tone: null, bold: false },
    ]);
  });

  it('hides nothing that is text, and shows what was written last over a line', () => {
    expect(stripAnsi(`${E}]0;title\u0007a${E}]8;;https://x\u001b\\b${E}[2Kc${E}(`)).toBe('abc(');
    expect(stripAnsi('10%\r50%\r100%\r\ndone\r')).toBe('100%\ndone');
  });
});

describe('diffs', () => {
  const UNIFIED =
    '--- a/src/a.py\n+++ b/src/a.py\n@@ -8,3 +8,4 @@ class A\n x\n-y = one\n+y = two\n+z\n--- sql note\n';

  it('reads a unified diff with its numbers', () => {
    const [hunk] = parseDiff(UNIFIED) ?? [];
    expect(hunk?.head).toBe('src/a.py  @@ -8,3 +8,4 @@ class A');
    expect(hunk?.lines.map((line) => [line.kind, line.old, line.new])).toEqual([
      ['same', 8, 8],
      ['del', 9, null],
      ['add', null, 9],
      ['add', null, 10],
      ['del', 10, null],
    ]);
    expect(countLines([hunk as never])).toEqual({ added: 2, removed: 2 });
  });

  it('reads the patch that some models write', () => {
    const hunks = parseDiff(
      '*** Begin Patch\n*** Update File: a.py\n@@ def f\n-a\n+b\n*** Add File: c.py\n+x\n*** End Patch',
    );
    expect(hunks?.map((hunk) => hunk.head)).toEqual(['@@ def f', 'Add File: c.py']);
    expect(parseDiff('just text\n- a list')).toBeNull();
  });

  it('finds the lines that changed and the words within', () => {
    const before = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    const after = [...before];
    after[10] = 'line ten';
    after.push('end');
    const hunks = diffTexts(before.join('\n'), after.join('\n'));
    expect(hunks.map((hunk) => hunk.lines.length)).toEqual([8, 4]);
    const changed = hunks[0]?.lines.filter((line) => line.kind !== 'same');
    expect(changed?.map((line) => [line.text, line.mark])).toEqual([
      ['line 10', [5, 7]],
      ['line ten', [5, 8]],
    ]);
    expect(diffTexts('', 'a\n')[0]?.lines).toHaveLength(1);
  });

  it('gives both texts back, whatever they are', () => {
    for (let seed = 1; seed < 60; seed += 1) {
      const make = (n: number) =>
        Array.from({ length: n }, (_, i) => 'abc'[(seed * (i + n) * 7 + i * i) % 3] ?? '');
      const [a, b] = [make(seed % 9), make((seed * 5) % 11)];
      const lines = diffTexts(a.join('\n'), b.join('\n')).flatMap((hunk) => hunk.lines);
      const changed = (kind: string) => lines.filter((line) => line.kind === kind).length;
      expect(a.length - changed('del')).toBe(b.length - changed('add'));
    }
  });

  it('takes two long texts without anything in common', () => {
    const long = (sign: string) => Array.from({ length: 3000 }, (_, i) => sign + i).join('\n');
    expect(countLines(diffTexts(long('a'), long('b')))).toEqual({ added: 3000, removed: 3000 });
  });
});

describe('colours of code', () => {
  const kinds = (code: string, language: string) =>
    highlight(code, language)
      .filter((token) => token.kind)
      .map((token) => `${token.kind}:${token.text}`);

  it('knows a language by its file or its fence', () => {
    expect([
      languageOf('src/a.test.TS'),
      languageOf('py'),
      languageOf('Dockerfile'),
      languageOf('x.unknown'),
      languageOf('constructor'),
    ]).toEqual(['ts', 'py', 'dockerfile', '', '']);
  });

  it('tells words, strings and notes apart', () => {
    expect(kinds('def f(x): # note "no"\n  return """a\nb""", \'it\' + 12', 'py')).toEqual([
      'k:def',
      'n:# note "no"',
      'k:return',
      'q:"""a\nb"""',
      "q:'it'",
      'q:12',
    ]);
    expect(kinds('const u = "https://x"; // y\n/* z', 'ts')).toEqual([
      'k:const',
      'q:"https://x"',
      'n:// y',
      'n:/* z',
    ]);
    expect(kinds("don't worry\nif x", 'sh')).toEqual(["q:'t worry", 'k:if']);
  });

  it('changes no character', () => {
    for (const code of ['a\\', '"\\', '`${', '/* *', "'''", '0x', 'é_1 日本 "語'])
      for (const language of ['py', 'ts', 'sql', 'html', 'sh', 'nothing'])
        expect(
          highlight(code, language)
            .map((token) => token.text)
            .join(''),
        ).toBe(code);
  });
});
