/** The icons, each one path on a 16 px grid, drawn with a round 1.5 px stroke. */
export const ICONS = {
  live: 'M1.5 8.5h2.8l2-5.5 3.2 10 2.2-4.5h2.8',
  permission: 'M8 1.7 13 3.6v3.9c0 3.1-2 5.6-5 6.8-3-1.2-5-3.7-5-6.8V3.6zM8 5.2v3.1M8 10.8h.01',
  input:
    'M4 2.8h8a1.6 1.6 0 0 1 1.6 1.6v4.9a1.6 1.6 0 0 1-1.6 1.6H8.2l-3.1 2.6v-2.6H4a1.6 1.6 0 0 1-1.6-1.6V4.4A1.6 1.6 0 0 1 4 2.8zM5.5 6.9h.01M8 6.9h.01M10.5 6.9h.01',
  failed: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM6 6l4 4M10 6l-4 4',
  limited: 'M4 2h8M4 14h8M5 2v2.4L8 8l3-3.6V2M5 14v-2.4L8 8l3 3.6V14',
  idle: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM5.6 8h4.8',
  ended: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM5.5 8.2l1.8 1.8 3.3-3.9',
  check: 'M3.4 8.4l3.1 3.1 6.1-7',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM8 4.8V8l2.1 1.4',
  copy: 'M7 5.5h5a1.5 1.5 0 0 1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5zM10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5',
  branch:
    'M4.5 2.1a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 1 0 0-3.2zM4.5 10.7a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 1 0 0-3.2zM11.5 3.6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 1 0 0-3.2zM4.5 5.3v5.4M11.5 6.8c0 2.4-3.6 2.1-5.8 3.9',
  terminal:
    'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3zM4.8 6.2 6.6 8l-1.8 1.8M8.2 10.2h3',
  edit: 'M2.9 13.1l.7-2.9 7.1-7.1a1.55 1.55 0 0 1 2.2 2.2l-7.1 7.1zM9.5 4.3l2.2 2.2',
  search: 'M7 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 1 0 0-8.8zM10.3 10.3l3.2 3.2',
  file: 'M4.5 2h4.6l3.4 3.4v7.1A1.5 1.5 0 0 1 11 14H4.5A1.5 1.5 0 0 1 3 12.5v-9A1.5 1.5 0 0 1 4.5 2zM9 2v3.5h3.5',
  globe:
    'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM2 8h12M8 2c2.1 1.7 3 3.7 3 6s-.9 4.3-3 6c-2.1-1.7-3-3.7-3-6s.9-4.3 3-6z',
  tool: 'M13.5 4.4a3.4 3.4 0 0 1-4.4 4L4.6 12.9a1.4 1.4 0 0 1-2-2l4.5-4.5a3.4 3.4 0 0 1 4-4.4L9.2 3.9l.3 1.8 1.9.4z',
  sub: 'M4 2.5v5A2.5 2.5 0 0 0 6.5 10h6M9.8 7.3l2.7 2.7-2.7 2.7',
  user: 'M8 2.7a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 1 0 0-5.4zM3 13.6c.6-2.7 2.5-4.1 5-4.1s4.4 1.4 5 4.1',
  spark: 'M8 2v3.2M8 10.8V14M2 8h3.2M10.8 8H14M3.9 3.9l2 2M10.1 10.1l2 2M12.1 3.9l-2 2M5.9 10.1l-2 2',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2l7.5 4.8L5 12.8z',
  filter: 'M2.5 4h11M4.5 8h7M6.5 12h3',
  close: 'M4 4l8 8M12 4l-8 8',
  retry: 'M13.2 8a5.2 5.2 0 1 1-1.6-3.8M13.5 2v3h-3',
  unplugged:
    'M2 2l12 12M6 2.5V5M10 2.5V5M4.5 5H5M8 5h4v2.5c0 .8-.3 1.6-.7 2.2M9 11.3A4 4 0 0 1 4 7.5V6M8 11.5V14',
  help: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM6.4 6.5c.1-1 .8-1.5 1.7-1.5.9 0 1.6.5 1.6 1.4 0 1.2-1.6 1.3-1.6 2.4M8.05 11h.01',
  sun: 'M8 5.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 1 0 0-5.2zM8 1.6v1M8 13.4v1M1.6 8h1M13.4 8h1M3.5 3.5l.7.7M11.8 11.8l.7.7M12.5 3.5l-.7.7M4.2 11.8l-.7.7',
  moon: 'M13.3 9.6A5.7 5.7 0 0 1 6.4 2.7a5.7 5.7 0 1 0 6.9 6.9z',
  screen:
    'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 9.5v-5A1.5 1.5 0 0 1 3.5 3zM6 13.5h4M8 11v2.5',
} as const;

export type IconName = keyof typeof ICONS;

/** Which icon stands for a tool, by what its name says it does. */
export function toolIcon(tool: string): IconName {
  const name = tool.toLowerCase();
  if (/task|agent/.test(name)) return 'sub';
  if (/web|fetch|http|browser/.test(name)) return 'globe';
  if (/edit|write|patch|replace|notebook/.test(name)) return 'edit';
  if (/bash|shell|exec|command|terminal|run/.test(name)) return 'terminal';
  if (/grep|glob|search|find|list|^ls$/.test(name)) return 'search';
  if (/read|view|open|cat/.test(name)) return 'file';
  return 'tool';
}
