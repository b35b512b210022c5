// Only in a page that `promptreg report --serve` shows: reloads when its server has another one than
// this, which may have happened before the server hears of this page, and says why there is none.
// It asks again and again: a stream for each tab would leave the next ones without a connection.
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
  const banner = document.createElement("p");
  banner.className = "trouble";
  banner.setAttribute("role", "alert");
  const tell = (text) => {
    if (!text) banner.remove();
    else if (!banner.isConnected) document.querySelector(".top")?.prepend(banner);
    // A reader of screens says it once, not with every answer.
    if (banner.textContent !== text) banner.textContent = text;
  };
  const reload = () => {
    try {
      sessionStorage.setItem(key, Math.round(scrollY));
    } catch {
      // As above.
    }
    location.reload();
  };
  const PAUSE = 1000;
  const LONG_PAUSE = 5000;
  let next = 0;
  const look = async () => {
    clearTimeout(next);
    // Nobody sees it: it asks when it is shown again.
    if (document.hidden) return;
    let pause = PAUSE;
    try {
      const state = await (await fetch("/state", { cache: "no-store" })).json();
      if (state.edition !== edition) return reload();
      tell(state.trouble && `This is not the newest report, which could not be built. ${state.trouble}`);
    } catch {
      pause = LONG_PAUSE;
      tell("No answer from promptreg report --serve: this page may be old.");
    }
    clearTimeout(next);
    next = setTimeout(look, pause);
  };
  addEventListener("visibilitychange", look);
  look();
}
