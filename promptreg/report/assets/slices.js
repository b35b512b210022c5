// Divides work that would hold up the page: between two slices it is drawn and takes input.

const SLICE = 20;

// Does the work for one item after the other. Before each slice but the first, `goOn` is told how
// many are done; with false it ends the work. Returns whether all of it was done.
export async function inSlices(items, work, goOn, pause = moment) {
  let start = performance.now();
  for (const [done, item] of items.entries()) {
    if (performance.now() - start > SLICE) {
      await pause();
      if (!goOn(done)) return false;
      start = performance.now();
    }
    work(item);
  }
  return true;
}

// Until whatever else waits has been done.
export function moment() {
  return new Promise((done) => setTimeout(done));
}

// Until what there is has been laid out and drawn.
export function frame() {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}
