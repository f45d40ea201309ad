import { createSubscriber } from 'svelte/reactivity';

/** Draws again when the boot script has put another theme on the page. */
const subscribe = createSubscriber((update) => {
  const observer = new MutationObserver(update);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
});

let probe: HTMLElement | null = null;

/**
 * A CSS colour (a token as `var(--accent)`, an agent's `light-dark(…)`) as #rrggbb of the present theme,
 * for a canvas. Whoever reads it in an effect or a derived value reads it again when the theme changes.
 */
export function ink(css: string): string {
  subscribe();
  if (!probe) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = '';
  probe.style.color = css;
  const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  return `#${[r, g, b].map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}
