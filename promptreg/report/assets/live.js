// Only in a page that `promptreg report --serve` shows: reloads when its server has another one than
// this, which may have happened before the server hears of this page.
{
  const edition = document.querySelector('meta[name="promptreg-edition"]').content;
  const key = "promptreg-place";
  let place = 0;
  try {
    place = Number(sessionStorage.getItem(key));
    sessionStorage.removeItem(key);
  } catch {
    // Storage may be forbidden; the page then begins at its top.
  }
  if (place) {
    // The browser would put it back before the view has been drawn.
    const back = new ResizeObserver(() => {
      scrollTo({ top: place, behavior: "instant" });
      if (scrollY >= place) back.disconnect();
    });
    back.observe(document.documentElement);
    for (const act of ["keydown", "pointerdown", "touchstart", "wheel"]) {
      addEventListener(act, () => back.disconnect(), { once: true });
    }
  }
  new EventSource(`/events?${edition}`).addEventListener("message", () => {
    try {
      sessionStorage.setItem(key, Math.round(scrollY));
    } catch {
      // As above.
    }
    location.reload();
  });
}
