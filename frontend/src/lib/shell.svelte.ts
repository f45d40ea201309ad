import { tick } from 'svelte';

/** What can lie over the page. */
export type Overlay = 'help' | 'palette';

/** What belongs to the shell and not to any page. */
class Shell {
  open = $state<Overlay | null>(null);

  /** Opens an overlay anew, also where it was closed just now and that was not told yet. */
  async show(overlay: Overlay): Promise<void> {
    this.open = null;
    await tick();
    this.open = overlay;
  }

  /** Closes an overlay, unless another one has taken its place. */
  close(overlay: Overlay | null): void {
    if (this.open === overlay) this.open = null;
  }
}

export const shell = new Shell();
