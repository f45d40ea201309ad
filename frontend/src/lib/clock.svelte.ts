/** The page's one clock: everything that shows a running time reads it, so all of them tick together. */
class Clock {
  now = $state(Date.now());
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Ticks once a second while the page is seen; returns how to stop. */
  start(): () => void {
    const tick = () => {
      this.now = Date.now();
    };
    const follow = () => {
      clearInterval(this.#timer);
      if (document.hidden) return;
      tick();
      this.#timer = setInterval(tick, 1000);
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      clearInterval(this.#timer);
      document.removeEventListener('visibilitychange', follow);
    };
  }
}

export const clock = new Clock();
