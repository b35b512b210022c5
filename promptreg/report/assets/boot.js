// Runs in the head: sets the theme before the first paint and hides the plain page, which the
// application replaces. Where scripts are forbidden neither happens and the plain page stays.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("promptreg-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme then stays.
  }
})();
