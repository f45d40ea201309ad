/** A stretch of a terminal's output in one tone. */
export interface Span {
  text: string;
  tone: 'bad' | 'good' | 'warn' | 'info' | 'dim' | null;
  bold: boolean;
}

const ESC = '\u001b';
// Sequences of a terminal: colours and cursor moves (CSI), titles and links (OSC), and single signs.
const SEQUENCE = new RegExp(
  [
    `${ESC}\\[([0-9;:?]{0,64})[ -/]{0,4}([@-~])`,
    `${ESC}[\\]PX^_][^\\u0007${ESC}]{0,4000}(?:\\u0007|${ESC}\\\\)?`,
    `${ESC}[@-Z\\\\-~]`,
    ESC,
  ].join('|'),
  'g',
);

const TONES: Readonly<Record<number, Span['tone']>> = {
  31: 'bad',
  91: 'bad',
  32: 'good',
  92: 'good',
  33: 'warn',
  93: 'warn',
  34: 'info',
  94: 'info',
  35: 'info',
  95: 'info',
  36: 'info',
  96: 'info',
  90: 'dim',
};

/** What a terminal would show in the end of lines that were written over, as progress bars are. */
function overwritten(text: string): string {
  if (!text.includes('\r')) return text;
  return text
    .replace(/\r\n/g, '\n')
    .split('\n')
    .map((line) => {
      const whole = line.replace(/\r+$/, '');
      return whole.slice(whole.lastIndexOf('\r') + 1);
    })
    .join('\n');
}

/** Reads a terminal's output: its colours as tones, every other sequence left out. */
export function parseAnsi(text: string): Span[] {
  const out: Span[] = [];
  let tone: Span['tone'] = null;
  let bold = false;
  const put = (part: string) => {
    const last = out[out.length - 1];
    if (!part) return;
    if (last?.tone === tone && last.bold === bold) last.text += part;
    else out.push({ text: part, tone, bold });
  };
  const whole = overwritten(text);
  let at = 0;
  for (const found of whole.matchAll(SEQUENCE)) {
    put(whole.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2] !== 'm') continue;
    for (const code of (found[1] ?? '').split(/[;:]/).map(Number)) {
      if (code === 0) [tone, bold] = [null, false];
      else if (code === 1) bold = true;
      else if (code === 2) tone = 'dim';
      else if (code === 22) bold = false;
      else if (code === 39) tone = null;
      // A colour of a palette is named by the numbers that follow, which mean nothing by themselves.
      else if (code === 38 || code === 48) break;
      else tone = TONES[code] ?? tone;
    }
  }
  put(whole.slice(at));
  return out;
}

/** The text alone. */
export function stripAnsi(text: string): string {
  return overwritten(text).replace(SEQUENCE, '');
}
