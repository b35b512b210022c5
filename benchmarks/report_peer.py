"""The first page of 1,000 prompts: prompt-versioner's dashboard beside our report, in Chromium.

``python benchmarks/report_peer.py`` gives both the same prompts and opens both in turns, the peer's
from its own server, ours from a file and from a server; ``--quick`` takes 100 prompts. Every time
is the page's own clock, from the start of the navigation until figures and list of prompts stand
there.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from metrics_peer import ask_peer, peer_python
from repositories import Shape, build_registry

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
ROUNDS = 5
_FILL = """
import json, sys
from pathlib import Path
from prompt_versioner import PromptVersioner
pv = PromptVersioner(project_name="bench", db_path=Path(sys.argv[1]), enable_git=False)
for number in range(int(sys.argv[2])):
    pv.save_version(name=f"team-{number % 32:02}/prompt-{number:05}",
                    system_prompt=f"You answer questions. This is text number {number}. " * 10,
                    user_prompt="{question}", bump_type=None)
print(json.dumps(len(pv.list_prompts())))
"""
_SHOWN = """({list, figure, wanted}) => new Promise((done) => {
  const look = () => {
    const rows = document.querySelectorAll(list).length;
    const text = document.querySelector(figure)?.textContent ?? "";
    if (rows >= wanted && /[0-9]/.test(text)) done(performance.now());
    else setTimeout(look, 1);
  };
  look();
})"""
# Ours shows fifty rows and the rest on demand; the peer draws all that it has.
_PEER_PAGE = {"list": "#prompt-list > *", "figure": "#total-prompts"}
_OUR_LIST = {"list": "table.list tbody tr", "figure": "[role=status]", "wanted": 50}
_OUR_PAGE = {"list": "dl.figures dd", "figure": "dl.figures dd", "wanted": 5}


def main() -> None:
    """Make both, open both in turns, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    prompts = 100 if parser.parse_args().quick else 1000
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is not installed: nothing to measure")
        return
    with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as name:
        folder = Path(name)
        report, took = _our_report(folder, prompts)
        print(f"{prompts:,} prompts of one version; `promptreg report` took {took:.1f} s")
        peer, url, started = _peer(folder, prompts)
        print(f"prompt-versioner's dashboard answers {started:.1f} s after its start")
        try:
            _measure(chromium, report, url, prompts)
        finally:
            peer.terminate()
            peer.wait()


def _our_report(folder: Path, prompts: int) -> tuple[Path, float]:
    root = build_registry(folder / "registry", Shape(prompts, 1))
    output = folder / "ours" / "index.html"
    output.parent.mkdir()
    words = [sys.executable, "-m", "promptreg", "-C", str(root), "report", "-o", str(output)]
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return output, time.perf_counter() - start


def _peer(folder: Path, prompts: int) -> tuple[subprocess.Popen[bytes], str, float]:
    database = folder / "peer.sqlite"
    ask_peer(_FILL, str(database), str(prompts))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(peer_python().parent / "pv"), "dashboard", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--db-path", str(database)]
    start = time.perf_counter()
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, stdout=silent, stderr=silent)
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return process, f"http://127.0.0.1:{port}/", time.perf_counter() - start
    sys.exit("prompt-versioner's dashboard did not start")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _measure(chromium: str, report: Path, peer_url: str, prompts: int) -> None:
    from playwright.sync_api import sync_playwright

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=report.parent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ours = f"http://127.0.0.1:{server.server_address[1]}/"
    pages: dict[str, tuple[str, dict[str, Any]]] = {
        "prompt-versioner, all prompts listed": (peer_url, {**_PEER_PAGE, "wanted": prompts}),
        "prompt-versioner, first of them": (peer_url, {**_PEER_PAGE, "wanted": 1}),
        "ours from a server, overview": (ours, _OUR_PAGE),
        "ours from a server, prompts listed": (f"{ours}#/prompts", _OUR_LIST),
        "ours from a file, overview": (report.as_uri(), _OUR_PAGE),
        "ours from a file, prompts listed": (f"{report.as_uri()}#/prompts", _OUR_LIST),
    }
    times: dict[str, list[float]] = {title: [] for title in pages}
    requests: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for _ in range(ROUNDS):
            for title, (url, looked_for) in pages.items():
                page = browser.new_page()
                asked: list[str] = []
                page.on("request", lambda request, asked=asked: asked.append(request.url))
                page.goto(url, wait_until="commit")
                times[title].append(page.evaluate(_SHOWN, looked_for))
                requests[title] = len(asked)
                page.close()
        browser.close()
    server.shutdown()
    for title, found in times.items():
        print(f"  {title:<38} {statistics.median(found):>8.0f} ms  {requests[title]:>5} requests")


if __name__ == "__main__":
    main()
