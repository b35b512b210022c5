"""A report of a real repository with real rows: from the start of the process to the file.

``python benchmarks/report_git.py`` makes 10 prompts of 10 versions with 5,000 calls, then 1,000
prompts of 100 versions by git fast-import with 10 million calls; ``--quick`` takes 110 prompts of
20 versions and 110,000 calls instead. Time is of the whole process, memory of all its processes
together, looked at ten times a second. The figures are those of a report that takes nothing over
from earlier ones; after it come, each in a process of its own, one after nothing changed, which
must be the same to the byte, and one after a tag and some calls. ``--json`` makes JSON instead, of
100 prompts of 100 versions with a million calls: once, and once more when it takes all of it over.

No two machines are equally fast, and neither is one machine twice: `pv --help` of prompt-versioner
is timed before and after the reports, and seconds are also given as they were where it takes
182 ms, as it did where the figures were set. Where it cannot be installed, there are plain seconds
alone. Under load the time of processors says more: it is compared with that of `pv --help`.
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

from calls import NEW_CALLS, add_calls, add_new_calls
from metrics_peer import peer_python
from repositories import Shape, build_registry

from promptreg.registry import Registry

_LOOK_SECONDS = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")
# What `pv --help` took where the figures were set, and how often it is timed at each end.
_YARDSTICK_SECONDS = 0.182
_YARDSTICK_RUNS = 5


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
    """What one report took: seconds, seconds of processors, and MB."""

    seconds: float
    parent: float
    workers: float
    memory: float

    @property
    def processor(self) -> float:
        """The time of all processors."""
        return self.parent + self.workers


class _Help(NamedTuple):
    """What one `pv --help` took: seconds, and seconds of processor."""

    seconds: float
    processor: float


class _Seen:
    """What was seen of a process and its children: kilobytes, and each child's processor time."""

    def __init__(self) -> None:
        self.peak = 0
        self.children: dict[int, float] = {}

    def look(self, pid: int) -> None:
        """Look at a process and its children."""
        children = _children(pid)
        self.peak = max(self.peak, sum(map(_held, [pid, *children])))
        self.children |= {child: spent for child in children if (spent := _spent(child))}


def main() -> None:
    """Build each repository and its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--small", action="store_true", help="only the small repository")
    parser.add_argument("--json", action="store_true", help="JSON of a repository in between")
    chosen = parser.parse_args()
    if chosen.json:
        with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as name:
            root = build_registry(Path(name) / "registry", Shape(100, 100))
            add_calls(root, 100)
            measure_json(root, Path(name) / "report.json")
        return
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
    before = _yardstick()
    first = _run(root, output)
    print(f"  {'first report, keeping what it finishes':<40} {first.seconds:9.2f} s")
    runs = [_run(root, output, "--no-cache") for _ in range(case.times)]
    after = _yardstick()
    seconds = statistics.median(r.seconds for r in runs)
    _show("report, whole process", seconds, "s", case.seconds)
    spent = sorted(runs, key=lambda run: run.processor)[len(runs) // 2]
    print(f"  {'time of all processors':<40} {spent.processor:9.2f} s")
    print(f"  {'  of the parent':<40} {spent.parent:9.2f} s")
    print(f"  {'  of the workers together':<40} {spent.workers:9.2f} s")
    if before and after:
        _show_rated(seconds, spent.processor, before, after, case.seconds)
    else:
        print("  without prompt-versioner there is nothing to compare this machine by")
    _show("memory of all processes together", max(r.memory for r in runs), "MB", case.memory)
    _show("size of the file", output.stat().st_size / 1e6, "MB", case.megabytes)
    _show_later(case, root, output)


def measure_json(root: Path, output: Path) -> None:
    """Make JSON and print what it took, and what it takes that takes all of it over."""
    print(f"100 prompts x 100 versions in git, 1,000,000 calls, load {os.getloadavg()[0]:.1f}")
    first = _run(root, output, "--format", "json")
    alone = output.read_bytes()
    again = _run(root, output, "--format", "json")
    assert output.read_bytes() == alone
    print(f"  {'size of the file':<40} {len(alone) / 1e6:9.2f} MB")
    kept = sum(each.stat().st_size for each in (root / ".git/promptreg/report").iterdir())
    print(f"  {'size of what is kept for the next one':<40} {kept / 1e6:9.2f} MB")
    for name, run in (("JSON, whole process", first), ("another one, nothing changed", again)):
        print(f"  {name:<40} {run.seconds:9.2f} s")
        print(f"  {'  time of all processors':<40} {run.processor:9.2f} s")
        print(f"  {'  memory of all processes together':<40} {run.memory:9.2f} MB")


def _show_later(case: Case, root: Path, output: Path) -> None:
    """Print what a report takes that takes over what the first one finished."""
    alone = output.read_bytes()
    again = _run(root, output)
    assert output.read_bytes() == alone
    _show("another one, nothing changed", again.seconds, "s", case.seconds)
    print(f"  {'  time of all processors':<40} {again.processor:9.2f} s")
    with Registry(root) as registry:
        prompt = min(registry.tags.names())
        first, *_, last = registry.tags.releases(prompt)
        add_new_calls(registry, prompt, last)
    words = ["git", "-C", str(root), "tag", "-d", first.tag]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    later = _run(root, output)
    _show(f"after a tag and {NEW_CALLS} calls", later.seconds, "s", case.seconds)
    print(f"  {'  time of all processors':<40} {later.processor:9.2f} s")


def _show_rated(
    seconds: float, processor: float, before: list[_Help], after: list[_Help], target: float
) -> None:
    """Print what a report takes beside `pv --help`, and where that takes as long as it once did."""
    ends = [statistics.median(one.seconds for one in times) * 1e3 for times in (before, after)]
    both = [*before, *after]
    yardstick = statistics.median(one.seconds for one in both)
    of_processor = statistics.median(one.processor for one in both)
    name = "pv --help before and after"
    print(
        f"  {name:<40} {ends[0]:9.0f} ms, {ends[1]:.0f} ms ({of_processor * 1e3:.0f} of processor)"
    )
    print(f"  {'report, of pv --help':<40} {seconds / yardstick:9.1f}")
    name = f"where it takes {_YARDSTICK_SECONDS * 1e3:.0f} ms: report"
    _show(name, seconds / yardstick * _YARDSTICK_SECONDS, "s", target)
    # It waits for nothing, so that where nothing else runs its seconds are its processor's.
    rated = processor / of_processor * _YARDSTICK_SECONDS
    print(f"  {'  time of all processors':<40} {rated:9.2f} s")


def _yardstick() -> list[_Help]:
    """Time `pv --help`; nothing where prompt-versioner cannot be installed."""
    try:
        command = [str(peer_python().parent / "pv"), "--help"]
    except (OSError, subprocess.CalledProcessError):
        return []
    times = []
    for _ in range(_YARDSTICK_RUNS + 1):
        before, start = _children_spent(), time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(_Help(time.perf_counter() - start, _children_spent() - before))
    # The first one reads its files from the disk.
    return times[1:]


def _children_spent() -> float:
    """Return the seconds of processor that all processes took that ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _run(root: Path, output: Path, *options: str) -> _Run:
    words = [sys.executable, "-m", "promptreg", "-C", str(root), "-q", "report", *options]
    words += ["-o", str(output)]
    before, start = _children_spent(), time.perf_counter()
    child = subprocess.Popen(words)
    seen = _Seen()
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(child.pid, seen, done))
    watch.start()
    code = child.wait()
    seconds = time.perf_counter() - start
    done.set()
    watch.join()
    assert code == 0
    spent = _children_spent() - before
    # What a worker did after the last look at it counts as the parent's: a tenth of a second.
    workers = sum(seen.children.values())
    return _Run(seconds, spent - workers, workers, seen.peak / 1000)


def _watch(pid: int, seen: _Seen, done: threading.Event) -> None:
    """Look at a process until it is done."""
    while not done.wait(_LOOK_SECONDS):
        seen.look(pid)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for place in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, place.read_text().split())
    return found


def _spent(pid: int) -> float:
    """Return the seconds of processor that a process has taken; 0 when it is gone."""
    with suppress(OSError):
        # The name before the last bracket may hold anything; user and system time are 12 further.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


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
