import { GO } from './keys';
import { PAGES, sessionPath } from './routes';
import type { IconName } from './icons';

/** One thing the palette can do. */
export interface Command {
  id: string;
  label: string;
  /** Beside the label: a project, a key. */
  note: string;
  icon: IconName;
  group: 'Pages' | 'Actions' | 'Sessions';
  /** Where it leads, or what it does. */
  href?: string;
  run?: () => void;
  /** An agent's mark instead of the icon. */
  agent?: string;
}

/** The pages as commands. */
export const PAGE_COMMANDS: readonly Command[] = PAGES.map(({ path, title, icon }) => ({
  id: path,
  label: title,
  note: `g ${Object.entries(GO).find(([, to]) => to === path)?.[0] ?? ''}`,
  icon,
  group: 'Pages',
  href: path,
}));

/** A session as a command. */
export function sessionCommand(row: {
  id: string;
  title: string;
  project: string | null;
  agent: string;
}): Command {
  return {
    id: row.id,
    label: row.title,
    note: row.project ?? '',
    icon: 'list',
    group: 'Sessions',
    href: sessionPath(row.id),
    agent: row.agent,
  };
}

/**
 * The commands that have every word of the text, those whose label begins with it first; the order
 * among equals stays.
 */
export function rank(commands: readonly Command[], typed: string): Command[] {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const scored = commands.flatMap((command) => {
    const label = command.label.toLocaleLowerCase();
    const all = `${label} ${command.note.toLocaleLowerCase()} ${command.group.toLocaleLowerCase()}`;
    if (!words.every((word) => all.includes(word))) return [];
    const score =
      words.length === 0 ? 0 : label.startsWith(words.join(' ')) ? 0 : label.includes(words[0] ?? '') ? 1 : 2;
    return [{ command, score }];
  });
  return scored.sort((a, b) => a.score - b.score).map(({ command }) => command);
}
