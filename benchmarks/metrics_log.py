"""What one logged call costs: ours, prompt-versioner's and MLflow's in turns, then a crowd.

python benchmarks/metrics_log.py

The crowd is eight processes at once, with `log()` a row and with `log_many()`; its clock runs from
the moment all of them are ready until the last one is done.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from metrics_peer import MLFLOW, PROMPT_VERSIONER, Line, ask_peer, percentile, print_table

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
# One figure of a call a time: MLflow has no row, so its call writes a ninth of what ours does.
MLFLOW_PEER = """
import json, logging, sys, time
logging.disable(logging.CRITICAL)
from mlflow import MlflowClient
calls = int(sys.argv[1])
client = MlflowClient(tracking_uri="sqlite:///" + sys.argv[2])
found = client.get_experiment_by_name("bench")
experiment = found.experiment_id if found else client.create_experiment("bench")
run = client.create_run(experiment).info.run_id
times, cpu = [], time.process_time()
for number in range(calls):
    begin = time.perf_counter()
    client.log_metric(run, "latency_ms", 812.437, step=number)
    times.append(time.perf_counter() - begin)
cpu = (time.process_time() - cpu) / calls
print(json.dumps({"times": times, "failed": 0, "cpu": cpu}))
"""
_ready: Any = None


def call(metrics: Metrics) -> None:
    """Log one call."""
    metrics.log(
        prompt="summarizer",
        version="1.2.0",
        digest=DIGEST,
        provider="openai",
        model="gpt-4o",
        **CALL,
    )


def time_ours(metrics: Metrics, calls: int) -> list[float]:
    """Return the seconds of each call."""
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        call(metrics)
        times.append(time.perf_counter() - begin)
    return times


def compare(rounds: int, folder: Path) -> list[Line]:
    """Time all in turns; return the figures of one call."""
    times: dict[str, list[float]] = {"promptreg": [], "promptreg, fsync": []}
    spent: dict[str, list[float]] = {}
    metrics = Metrics(folder / "ours")
    disk = Metrics(folder / "disk", durability="disk")
    time_ours(metrics, 500)
    peers = {PROMPT_VERSIONER: (PEER, 300), MLFLOW: (MLFLOW_PEER, 100)}
    absent: list[Line] = []
    for _ in range(rounds):
        begin = time.process_time()
        times["promptreg"] += time_ours(metrics, 4000)
        spent.setdefault("promptreg", []).append((time.process_time() - begin) / 4000)
        times["promptreg, fsync"] += time_ours(disk, 50)
        for peer, (script, calls) in list(peers.items()):
            path = str(folder / f"{peer.packages[0]}.db")
            try:
                answer = ask_peer(script, str(calls), path, peer=peer)
            except subprocess.CalledProcessError:
                absent.append(Line(f"{peer.name}, one call", "cannot be installed or run here"))
                peers.pop(peer)
                continue
            times.setdefault(peer.name, []).extend(answer["times"][20:])
            spent.setdefault(peer.name, []).append(answer["cpu"])
    return [*_one_call(times, spent), *absent]


def _one_call(times: dict[str, list[float]], spent: dict[str, list[float]]) -> list[Line]:
    lines = []
    ours, cpu = statistics.median(times["promptreg"]), statistics.median(spent["promptreg"])
    for name, taken in times.items():
        median, late, last = statistics.median(taken), percentile(taken, 0.99), max(taken)
        text = f"p50 {median * 1e6:,.1f} us, p99 {late * 1e6:,.1f} us, max {last * 1e6:,.0f} us"
        is_ours = name == "promptreg"
        lines.append(
            Line(
                f"{name}, one call",
                text,
                "p50 about 15 us, p99 40 us" if is_ours else "",
                (ours < 16e-6 and late < 40e-6) if is_ours else None,
            )
        )
    lines.append(Line("promptreg, processor time of a call", f"{cpu * 1e6:.1f} us"))
    for peer in (PROMPT_VERSIONER, MLFLOW):
        if peer.name in times:
            wall = statistics.median(times[peer.name]) / ours
            work = statistics.median(spent[peer.name]) / cpu
            asked = peer is PROMPT_VERSIONER
            lines.append(
                Line(
                    f"against {peer.name}",
                    f"1/{wall:.0f} of its time, 1/{work:.0f} of its processor time",
                    "1/80" if asked else "",
                    wall >= 80 if asked else None,
                )
            )
    return lines


def member(store: str, calls: int, timed: bool, whole: bool) -> tuple[float, float, list[float]]:  # noqa: FBT001
    """Log from one of many processes; return when it ended, its processor time, and each time."""
    metrics = Metrics(store)
    call(metrics)
    _ready.wait()
    begin = time.process_time()
    times: list[float] = []
    if timed:
        times = time_ours(metrics, calls)
    elif whole:
        columns = {"prompt": "summarizer", "version": "1.2.0", "digest": DIGEST}
        metrics.log_many(columns | CALL for _ in range(calls))
    else:
        for _ in range(calls):
            call(metrics)
    return time.perf_counter(), time.process_time() - begin, times


def crowd(processes: int, calls: int, folder: Path) -> list[Line]:
    """Log from many processes at once; count what arrived."""
    global _ready  # noqa: PLW0603 - inherited by the forks
    context = multiprocessing.get_context("fork")
    lines = []
    for name, timed, whole in (
        ("log()", False, False),
        ("log(), each call timed", True, False),
        ("log_many()", False, True),
    ):
        store = str(folder / f"crowd-{len(lines)}")
        _ready = context.Barrier(processes + 1)
        with context.Pool(processes) as pool:
            work = pool.starmap_async(member, [(store, calls, timed, whole)] * processes, 1)
            _ready.wait()
            begin = time.perf_counter()
            answers = work.get()
        seconds = max(end for end, _, _ in answers) - begin
        ((rows,),) = Metrics(store).sql("SELECT count(*) FROM calls")
        lost = processes * (calls + 1) - rows
        cpu = sum(spent for _, spent, _ in answers) / (processes * calls)
        rate = processes * calls / seconds
        text = f"{rate:,.0f} rows/s, {cpu * 1e6:.1f} us of processor a row, {lost} lost"
        if timed:
            flat = [value for _, _, times in answers for value in times]
            text += f", p99 {percentile(flat, 0.99) * 1e6:.0f} us"
        asked = "" if timed else "100,000 rows/s, none lost"
        held = None if timed else rate >= 100_000 and not lost
        lines.append(Line(f"{processes} processes, {name}", text, asked, held))
    return [*lines, *_peer_crowd(processes, folder)]


def _peer_crowd(processes: int, folder: Path) -> list[Line]:
    context = multiprocessing.get_context("fork")
    peer = [os.fspath(folder / "peer-crowd.db")] * processes
    with context.Pool(processes) as pool:
        answers = pool.starmap(ask_peer, [(PEER, "150", path) for path in peer])
    busy = max(sum(answer["times"]) for answer in answers)
    failed = sum(answer["failed"] for answer in answers)
    text = f"{processes * 150 / busy:,.0f} rows/s, {failed} of {processes * 150:,} calls failed"
    return [Line(f"{processes} processes, {PROMPT_VERSIONER.name}", text)]


def memory() -> Line:
    """Return how much a process that only logs holds."""
    code = (
        "import re, shutil, tempfile\n"
        "from pathlib import Path\n"
        "from promptreg.metrics import Metrics\n"
        # Not ru_maxrss, which a process inherits from the one that started it.
        "status = Path('/proc/self/status')\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1])\n"
        "m = Metrics(tempfile.mkdtemp(prefix='promptreg-bench-'))\n"
        "m.log(prompt='p', version='1.0.0')\n"
        "before = peak()\n"
        "for n in range(100_000): m.log(prompt='p', version='1.0.0', unit=str(n), latency_ms=1.0)\n"
        "print(before, peak() - before)\n"
        "shutil.rmtree(m.location)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, more = (int(word) / 1024 for word in done.stdout.split())
    return Line("memory of a process that logs", f"{before:.0f} MiB, +{more:.1f} for 100,000 calls")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--calls", type=int, default=40_000, help="per process in the crowd")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="promptreg-bench-"))
    try:
        lines = compare(given.rounds, folder)
        lines += crowd(given.processes, given.calls, folder)
        print_table([*lines, memory()])
    finally:
        shutil.rmtree(folder)
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"load of the last 1, 5 and 15 minutes: {loads}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
