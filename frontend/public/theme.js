// Runs before the first paint, so that the page never flashes in the wrong theme.
// Sets data-theme (light or dark, resolved) and data-theme-choice (system, light or dark) on <html>.
(function () {
  var root = document.documentElement;
  var dark = matchMedia('(prefers-color-scheme: dark)');
  function choice() {
    try {
      var kept = localStorage.getItem('agentmonitor.theme');
      return kept === 'light' || kept === 'dark' ? kept : 'system';
    } catch {
      return root.dataset.themeChoice || 'system'; // storage can be refused
    }
  }
  function apply() {
    var chosen = choice();
    root.dataset.themeChoice = chosen;
    root.dataset.theme = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
  }
  apply();
  dark.addEventListener('change', apply);
  addEventListener('storage', apply); // another tab chose
  addEventListener('agentmonitor:theme', apply); // this one did
})();
