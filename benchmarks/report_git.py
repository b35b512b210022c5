"""A report of a real repository with real rows: from the start of the process to the file.

``python benchmarks/report_git.py`` makes 10 prompts of 10 versions with 5,000 calls, then 1,000
prompts of 100 versions by git fast-import with 10 million calls; ``--quick`` takes 110 prompts of
20 versions and 110,000 calls instead. Time is of the whole process, memory of all its processes
together, looked at ten times a second.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from calls import add_calls
from repositories import Shape, build_registry

_LOOK_SECONDS = 0.1


class Case(NamedTuple):
    """A repository with calls of each version, and what was asked: seconds and MB."""

    shape: Shape
    calls: int
    times: int
    seconds: float
    megabytes: float
    memory: float = 2000


SMALL = Case(Shape(10, 10), 50, 5, 2.0, 0.3)
LARGE = Case(Shape(1000, 100), 100, 1, 60.0, 60.0)
QUICK = Case(Shape(110, 20), 50, 1, 60.0, 60.0)


class _Run(NamedTuple):
    seconds: float
    processor: float
    memory: float


def main() -> None:
    """Build each repository and its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--small", action="store_true", help="only the small repository")
    chosen = parser.parse_args()
    cases = [SMALL] if chosen.small else [SMALL, QUICK if chosen.quick else LARGE]
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as name:
            root = build_registry(Path(name) / "registry", case.shape)
            add_calls(root, case.calls)
            measure(case, root, Path(name) / "report.html")


def measure(case: Case, root: Path, output: Path) -> None:
    """Make the report and print what it took; the first one also builds the index of tags."""
    prompts, versions = case.shape.prompts, case.shape.versions
    calls = prompts * versions * case.calls
    load = os.getloadavg()[0]
    print(f"{prompts:,} prompts x {versions} versions in git, {calls:,} calls, load {load:.1f}")
    first = _run(root, output)
    print(f"  {'first report, without an index of tags':<40} {first.seconds:9.2f} s")
    runs = [_run(root, output) for _ in range(case.times)]
    _show("report, whole process", statistics.median(r.seconds for r in runs), "s", case.seconds)
    spent = statistics.median(r.processor for r in runs)
    print(f"  {'time of all processors':<40} {spent:9.2f} s")
    _show("memory of all processes together", max(r.memory for r in runs), "MB", case.memory)
    _show("size of the file", output.stat().st_size / 1e6, "MB", case.megabytes)


def _run(root: Path, output: Path) -> _Run:
    words = [sys.executable, "-m", "promptreg", "-C", str(root), "-q", "report", "-o", str(output)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    child = subprocess.Popen(words)
    peaks = [0]
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(child.pid, peaks, done))
    watch.start()
    code = child.wait()
    seconds = time.perf_counter() - start
    done.set()
    watch.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert code == 0
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Run(seconds, spent, peaks[0] / 1000)


def _watch(pid: int, peaks: list[int], done: threading.Event) -> None:
    """Keep the most kilobytes that a process and its children held at one time."""
    while not done.wait(_LOOK_SECONDS):
        peaks[0] = max(peaks[0], sum(map(_held, [pid, *_children(pid)])))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for place in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, place.read_text().split())
    return found


def _held(pid: int) -> int:
    """Return the kilobytes of a process; of those it shares with others, its share."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _show(name: str, value: float, unit: str, target: float) -> None:
    verdict = "reached" if value <= target else "MISSED"
    print(f"  {name:<40} {value:9.2f} {unit:<3} target {target:g} {unit:<3} {verdict}")


if __name__ == "__main__":
    main()
