"""The report at scale: size and time of the file, and what a real Chromium needs to show it.

``python benchmarks/report_scale.py`` makes 1,000 prompts of 100 versions; ``--prompts``,
``--versions`` choose, ``--quick`` is 50 of 20. Every figure stands beside its target.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from promptreg.report.html import HtmlBuilder
from promptreg.report.output import write_atomically
from tests.report.synthetic import overview_of, synthetic_prompts, synthetic_report

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LINK_BYTES_PER_SECOND = 2_000_000
RUNS = 5
READY = "html[data-ready]"
# The page's own clock, so that the driver's round trips do not count. A reader opens a prompt from
# a page at rest: otherwise the frame of the prompt before is drawn meanwhile.
OPEN_PROMPT = """async (name) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const task = () => new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  });
  await frame();
  await frame();
  await new Promise((done) => requestIdleCallback(done));
  const start = performance.now();
  location.hash = `#/prompt/${encodeURIComponent(name)}`;
  while (document.querySelector('.page-head h2')?.textContent !== name) await task();
  const there = performance.now() - start;
  await frame();
  await task();
  return [there, performance.now() - start];
}"""
# Tasks of more than 50 ms, in which the page answers nobody.
WATCH_TASKS = """() => {
  globalThis.tasks = [];
  new PerformanceObserver((seen) => {
    globalThis.tasks.push(...seen.getEntries().map((task) => task.duration));
  }).observe({ type: "longtask" });
}"""
AT_REST = "() => location.hash.includes('q=') && !document.querySelector('[aria-busy]')"
WORD = "answer"
READY_AT = """() => new Promise((done) => {
  const look = () => {
    if (document.documentElement.dataset.ready) done(performance.now());
    else setTimeout(look, 1);
  };
  look();
})"""


def main() -> None:
    """Build the file, then open it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--versions", type=int, default=100)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    prompts, versions = (50, 20) if chosen.quick else (chosen.prompts, chosen.versions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        names = build(path, prompts, versions)
        chromium = shutil.which("chromium")
        if chromium is None:
            print("Chromium is not installed: the browser's part is left out")
            return
        browse(path, chromium, names)


def build(path: Path, prompts: int, versions: int) -> list[str]:
    """Write the report of made-up prompts and print what it took."""
    spent = 0.0
    builder = HtmlBuilder()
    names = []
    slim = []
    for prompt in _made(prompts, versions):
        start = time.process_time()
        builder.add(prompt)
        spent += time.process_time() - start
        names.append(prompt.name)
        slim.append(prompt._replace(versions=prompt.versions[-3:], comparisons=()))
    start = time.process_time()
    report = synthetic_report(1, 2)._replace(prompts=(), overview=overview_of(slim))
    size = write_atomically(path, builder.finish(report).parts())
    spent += time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{prompts:,} prompts x {versions} versions")
    show("size of the file", size / 1e6, "MB", 60)
    show("packing and writing it (processor)", spent, "s", 60)
    show("memory peak of the process", peak, "MB", 2000)
    return names


def _made(prompts: int, versions: int) -> Iterator[Any]:
    for prompt in synthetic_prompts(prompts, versions, days=180, longest=5000):
        order = [v.version for v in prompt.versions]
        steps = set(itertools.pairwise(order))
        # As the collector does at this size: neighbours, and the eight latest among themselves.
        kept = [
            c
            for c in prompt.comparisons
            if (c.base, c.head) in steps or {c.base, c.head} <= set(order[-8:])
        ]
        yield prompt._replace(comparisons=tuple(kept))


def browse(path: Path, chromium: str, names: list[str]) -> None:
    """Open the file and print the browser's own times."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        ready = []
        for _ in range(RUNS):
            page = browser.new_page()
            page.goto(path.as_uri(), wait_until="commit")
            ready.append(page.evaluate(READY_AT))
            page.close()
        show("usable from file://, median", sorted(ready)[RUNS // 2] / 1000, "s", 0.7)
        page = browser.new_page()
        page.goto(path.as_uri())
        page.wait_for_selector(READY, state="attached")
        opened = [page.evaluate(OPEN_PROMPT, name) for name in names[:: max(1, len(names) // 20)]]
        there, drawn = (sorted(times) for times in zip(*opened, strict=True))
        show("opening a prompt, median of 20", there[len(there) // 2], "ms", 30)
        show("opening a prompt, slowest of 20", there[-1], "ms", None)
        show("the same until it is drawn, median", drawn[len(drawn) // 2], "ms", None)
        page.close()
        search(browser, path)
        slow_link(browser, path)
        browser.close()


def search(browser: Any, path: Path) -> None:
    """Search for a word that many texts hold, then in all older versions; print what it took."""
    page = browser.new_page()
    page.goto(f"{path.as_uri()}#/prompts")
    page.wait_for_selector(READY, state="attached")
    page.evaluate("() => new Promise((done) => requestIdleCallback(done))")
    page.evaluate(WATCH_TASKS)
    start = page.evaluate("performance.now()")
    page.fill("#prompt-search", WORD)
    page.wait_for_function(AT_REST)
    show("first search, with its pause", page.evaluate("performance.now()") - start, "ms", None)
    start = page.evaluate("performance.now()")
    page.get_by_role("button", name="Search older versions").click()
    page.wait_for_selector(".older [role=status]:has-text('Searched')")
    took = (page.evaluate("performance.now()") - start) / 1000
    show("search of all older versions", took, "s", None)
    held = max([0.0, *page.evaluate("tasks")])
    show("longest time a search held the page up", held, "ms", 100)
    page.close()


def slow_link(browser: Any, path: Path) -> None:
    """Serve the file at 2 MB/s and print when it can be used."""
    data = path.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            step = LINK_BYTES_PER_SECOND // 50
            start = time.monotonic()
            try:
                for number, at in enumerate(range(0, len(data), step)):
                    self.wfile.write(data[at : at + step])
                    time.sleep(max(0.0, start + (number + 1) / 50 - time.monotonic()))
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.server_address[1]}/", wait_until="commit")
    show("usable at 2 MB/s", page.evaluate(READY_AT) / 1000, "s", 1.0)
    page.close()
    server.shutdown()


def show(name: str, value: float, unit: str, target: float | None) -> None:
    """Print a figure beside its target."""
    asked = "" if target is None else f"target {target:g} {unit}"
    verdict = "" if target is None else ("reached" if value <= target else "MISSED")
    print(f"  {name:<40} {value:>9.2f} {unit:<3} {asked:<16} {verdict}")


if __name__ == "__main__":
    main()
