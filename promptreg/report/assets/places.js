// Where a page was scrolled to and what had the focus, for who comes back or chooses something else.
import { frame } from "./slices.js";

const places = new Map();
// What is drawn after its data has come is as high as before within so many frames.
const PATIENCE = 60;
let wanted = 0;

// Browsers that do not tell going back from going on start at the top, always.
export function rememberPlaces() {
  globalThis.navigation?.addEventListener("navigate", ({ navigationType, destination }) => {
    if (navigationType === "replace") return;
    places.set(navigation.currentEntry.key, scrollY);
    wanted = (navigationType === "traverse" && places.get(destination.key)) || 0;
  });
}

export async function scrollToPlace() {
  const y = wanted;
  const { hash } = location;
  scrollTo(0, 0);
  for (let waited = 0; y && waited < PATIENCE; waited++) {
    await frame();
    // Who has gone on or scrolled meanwhile stays there.
    if (location.hash !== hash || (waited && scrollY !== 0)) return;
    if (document.documentElement.scrollHeight >= y + innerHeight) scrollTo(0, y);
  }
}

// What is chosen by keyboard keeps the focus, although the page is drawn anew.
export async function focusAgain(id, options) {
  for (let waited = 0; waited < PATIENCE && !document.getElementById(id); waited++) await frame();
  if (document.activeElement === document.body) document.getElementById(id)?.focus(options);
}
