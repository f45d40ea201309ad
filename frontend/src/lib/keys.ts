/** What the keyboard does, as the help shows it. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'Search sessions'],
  ['Ctrl K', 'Commands: pages, sessions, actions'],
  ['g l', 'Go to Live'],
  ['g s', 'Go to Sessions'],
  ['g c', 'Go to Cost'],
  ['g t', 'Go to Tools'],
  ['g a', 'Go to Activity'],
  ['g n', 'Go to Connect'],
  ['p', 'Pause or resume the events (Live)'],
  ['n', 'Go to the next error, p to the one before (Session)'],
  ['↑ ↓', 'Move through rows, when a list has the focus'],
  ['?', 'Show these keys'],
  ['Esc', 'Close what lies over the page'],
];

/** The page that a letter after g leads to. */
export const GO: Readonly<Record<string, string>> = {
  l: '/',
  s: '/sessions',
  c: '/cost',
  t: '/tools',
  a: '/activity',
  n: '/connect',
};

/** Whether a key belongs to whatever has the focus, and not to the page. */
export function typesInto(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest('input, textarea, select, [contenteditable], dialog') !== null
  );
}
