/** Calls back whenever an element comes near the window, and again while it stays there. */
export function whenSeen(element: Element, then: () => void): { destroy(): void } {
  let near = false;
  const observer = new IntersectionObserver(
    ([entry]) => {
      near = entry?.isIntersecting ?? false;
      if (near) then();
    },
    { rootMargin: '0px 0px 600px' },
  );
  observer.observe(element);
  // An element that stays in view after a page came is not told of again by the observer.
  const timer = setInterval(() => {
    if (near && !document.hidden) then();
  }, 500);
  return {
    destroy() {
      observer.disconnect();
      clearInterval(timer);
    },
  };
}
