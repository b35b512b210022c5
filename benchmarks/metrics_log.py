"""What one logged call costs: ours and prompt-versioner's in turns, then eight processes at once.

python benchmarks/metrics_log.py
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from metrics_peer import ask_peer, percentile

from promptreg.metrics import Metrics

DIGEST = "4f1a2b3c5d6e" + "0" * 52
CALL: dict[str, Any] = {
    "input_tokens": 350,
    "output_tokens": 120,
    "latency_ms": 812.437,
    "quality_score": 0.91,
    "accuracy": 0.88,
    "temperature": 0.7,
    "top_p": 1.0,
    "max_tokens": 200,
    "success": True,
}
PEER = """
import contextlib, json, os, sys, time
from pathlib import Path
from prompt_versioner import PromptVersioner
calls = int(sys.argv[1])
pv = PromptVersioner("bench", db_path=Path(sys.argv[2]), enable_git=False)
with contextlib.suppress(Exception), contextlib.redirect_stdout(sys.stderr):
    pv.save_version(name="summarizer", system_prompt="s", user_prompt="u", version="1.2.0")
times, failed, cpu = [], 0, time.process_time()
for _ in range(calls):
    begin = time.perf_counter()
    try:
        pv.log_metrics(name="summarizer", version="1.2.0", model_name="gpt-4o", input_tokens=350,
                       output_tokens=120, latency_ms=812.437, quality_score=0.91, accuracy=0.88,
                       temperature=0.7, top_p=1.0, max_tokens=200, success=True)
    except Exception:
        failed += 1
    times.append(time.perf_counter() - begin)
cpu = (time.process_time() - cpu) / calls
print(json.dumps({"times": times, "failed": failed, "cpu": cpu}))
"""


def time_ours(metrics: Metrics, calls: int) -> list[float]:
    """Return the seconds of each call."""
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        metrics.log(
            prompt="summarizer",
            version="1.2.0",
            digest=DIGEST,
            provider="openai",
            model="gpt-4o",
            **CALL,
        )
        times.append(time.perf_counter() - begin)
    return times


def log_in_process(store: str, calls: int) -> list[float]:
    """Log from one of many processes."""
    return time_ours(Metrics(store), calls)


def compare(rounds: int, folder: Path) -> None:
    """Time both in turns and print the ratio of the medians."""
    ours: list[float] = []
    theirs: list[float] = []
    synced: list[float] = []
    our_cpu, their_cpu = [], []
    metrics = Metrics(folder / "ours")
    disk = Metrics(folder / "disk", durability="disk")
    time_ours(metrics, 500)
    for _ in range(rounds):
        begin = time.process_time()
        ours += time_ours(metrics, 4000)
        our_cpu.append((time.process_time() - begin) / 4000)
        synced += time_ours(disk, 50)
        answer = ask_peer(PEER, "300", str(folder / "peer.db"))
        theirs += answer["times"][20:]
        their_cpu.append(answer["cpu"])
    median, peer = statistics.median(ours), statistics.median(theirs)
    print("one call                median      p99       max")
    for name, times in (
        ("promptreg", ours),
        ("promptreg, fsync", synced),
        ("prompt-versioner", theirs),
    ):
        cells = (statistics.median(times), percentile(times, 0.99), max(times))
        print(f"{name:<18}" + "".join(f"{cell * 1e6:>9.1f} us" for cell in cells))
    spent, peer_spent = statistics.median(our_cpu), statistics.median(their_cpu)
    print(
        f"processor time a call: {spent * 1e6:.1f} us; prompt-versioner {peer_spent * 1e6:.0f} us"
    )
    print(f"ratio 1/{peer / median:.0f}   (asked: at most 1/50, wanted: 1/80 and p99 under 40 us)")


def crowd(processes: int, calls: int, folder: Path) -> None:
    """Log from many processes at once; count what arrived."""
    context = multiprocessing.get_context("fork")
    store = str(folder / "crowd")
    before = sum(os.times()[2:4])
    begin = time.perf_counter()
    with context.Pool(processes) as pool:
        times = pool.starmap(log_in_process, [(store, calls)] * processes)
    seconds = time.perf_counter() - begin
    flat = [value for part in times for value in part]
    spent = sum(os.times()[2:4]) - before
    ((rows,),) = Metrics(store).sql("SELECT count(*) FROM calls")
    print(
        f"{processes} processes: {processes * calls / seconds:,.0f} rows/s, "
        f"{processes * calls - rows} of {processes * calls:,} rows lost, "
        f"p99 {percentile(flat, 0.99) * 1e6:.0f} us, "
        f"{processes * calls / spent:,.0f} rows per second of one processor   "
        "(wanted: 100,000 rows/s, none lost)"
    )
    peer = [os.fspath(folder / "peer-crowd.db")] * processes
    begin = time.perf_counter()
    with context.Pool(processes) as pool:
        answers = pool.starmap(ask_peer, [(PEER, "150", path) for path in peer])
    busy = max(sum(answer["times"]) for answer in answers)
    failed = sum(answer["failed"] for answer in answers)
    print(
        f"prompt-versioner, the same: {processes * 150 / busy:,.0f} rows/s, "
        f"{failed} of {processes * 150:,} calls failed"
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--calls", type=int, default=40_000, help="per process in the crowd")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="promptreg-bench-"))
    try:
        compare(given.rounds, folder)
        crowd(given.processes, given.calls, folder)
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
