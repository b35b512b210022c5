// Runs in the head: sets the theme before the first paint and hides the plain page, which the
// application replaces. Where scripts are forbidden, or the browser is older than what the
// application needs, neither happens and the plain page stays.
(() => {
  const root = document.documentElement;
  const able = CSS.supports("color", "light-dark(red, red)") && CSS.supports("selector(:has(*))") && Map.groupBy && globalThis.DecompressionStream;
  if (!able) return;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("promptreg-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme then stays.
  }
})();
