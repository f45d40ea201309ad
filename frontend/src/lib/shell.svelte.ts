/** What lies over the page, if anything. */
export type Overlay = 'help' | 'palette' | null;

/** What belongs to the shell and not to any page. */
class Shell {
  open = $state<Overlay>(null);

  /** Closes an overlay, unless another one has taken its place. */
  close(overlay: Overlay): void {
    if (this.open === overlay) this.open = null;
  }
}

export const shell = new Shell();
