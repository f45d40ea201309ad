/** What a person chose; the boot script in `public/theme.js` resolves it before the first paint. */
export type Choice = 'system' | 'light' | 'dark';

const KEY = 'agentmonitor.theme';
const ORDER: readonly Choice[] = ['system', 'light', 'dark'];

/** The choice after this one. */
export function nextChoice(choice: Choice): Choice {
  return ORDER[(ORDER.indexOf(choice) + 1) % ORDER.length] ?? 'system';
}

function read(): Choice {
  const kept = document.documentElement.dataset.themeChoice;
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

class Theme {
  choice = $state<Choice>('system');

  /** Takes over what the boot script found, and what another tab chooses. */
  start(): () => void {
    const follow = () => {
      this.choice = read();
    };
    follow();
    window.addEventListener('storage', follow);
    return () => window.removeEventListener('storage', follow);
  }

  get next(): Choice {
    return nextChoice(this.choice);
  }

  /** Goes on to the next choice and keeps it. */
  cycle(): void {
    this.set(this.next);
  }

  /** Chooses and keeps it. */
  set(next: Choice): void {
    document.documentElement.dataset.themeChoice = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage can be refused; the choice then lasts as long as the page.
    }
    window.dispatchEvent(new Event('agentmonitor:theme'));
    this.choice = next;
  }
}

export const theme = new Theme();
