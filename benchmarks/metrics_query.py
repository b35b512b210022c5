"""Questions to a store of many rows, beside a raw pyarrow scan and prompt-versioner.

python benchmarks/metrics_query.py                   # 1 million rows
python benchmarks/metrics_query.py --rows 10000000   # takes some minutes
python benchmarks/metrics_query.py --rows 100000000  # takes most of an hour and 15 GB of disk
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb  # noqa: TID251 - makes the rows
import pyarrow.dataset as ds  # noqa: TID251 - the raw scan that is the yardstick
from calls import measures
from metrics_peer import Line, ask_peer, print_table

from promptreg.metrics import Metrics
from promptreg.storage.compact import compact
from promptreg.storage.schema import arrow_schema

CHUNK = 500_000
# What a row takes while the store is built: its chunk, its sorted copy, and the sort in between.
PEAK_BYTES = 150
BUILD_SECONDS = 16e-6
HOT_ROWS = 100_000
MAKE = f"""
SELECT
    TIMESTAMP '2026-01-01' + to_microseconds((random() * 90 * 86400 * 1e6)::BIGINT) AS ts,
    prompt, '1.' || v || '.0' AS version, sha256(prompt || v) AS digest,
    substr(sha256(prompt || 'commit' || v), 1, 40) AS "commit", 'production' AS environment,
    {measures(rated_every=10)}
FROM (
    SELECT i,
        CASE WHEN i % $every < $hot THEN 'hot/prompt'
             ELSE 'prompt-' || floor(1000 * pow(random(), 2))::INT END AS prompt,
        CASE WHEN i % $every < $hot THEN i % 2 ELSE floor(random() * 10)::INT END AS v
    FROM range($begin, $end) AS t(i)
)
"""
PEER = """
import contextlib, json, random, sqlite3, sys, time
from pathlib import Path
from prompt_versioner import PromptVersioner
rows, path = int(sys.argv[1]), Path(sys.argv[2])
pv = PromptVersioner("bench", db_path=path, enable_git=False)
with contextlib.redirect_stdout(sys.stderr):
    for number in (0, 1):
        pv.save_version(name="hot", system_prompt=f"s{number}", user_prompt="u",
                        version=f"1.{number}.0")
ids = [pv.storage.get_version("hot", f"1.{n}.0")["id"] for n in (0, 1)]
pv.storage.save_metrics(version_id=ids[0], model_name="gpt-4o", input_tokens=1, output_tokens=1,
                        total_tokens=2, cost_eur=0.1, latency_ms=1.0, success=True)
db = sqlite3.connect(path)
names = ("version_id", "model_name", "input_tokens", "output_tokens", "total_tokens", "cost_eur",
         "latency_ms", "quality_score", "success", "timestamp")
table = next(name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")
             if "metric" in name.lower())
have = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
names = [name for name in names if name in have]
def row(version):
    values = {"version_id": version, "model_name": "gpt-4o", "input_tokens": 350,
              "output_tokens": 120, "total_tokens": 470, "cost_eur": random.random() / 100,
              "latency_ms": random.lognormvariate(6.5, 0.6), "quality_score": random.random(),
              "success": 1, "timestamp": "2026-01-01 00:00:00"}
    return [values[name] for name in names]
marks = ",".join("?" * len(names))
for version in ids:
    db.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})",
                   (row(version) for _ in range(rows)))
db.commit()
times = []
for _ in range(7):
    begin = time.perf_counter()
    for version in ids:
        pv.storage.get_metrics_summary(version)
    times.append(time.perf_counter() - begin)
print(json.dumps(sorted(times)[3]))
"""


def median_ms(work: Callable[[], object], times: int = 7) -> float:
    """Return the median time of some work that has been done once before."""
    work()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1000


def peak_mib() -> float:
    """Return the most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fill(store: Path, rows: int) -> list[Line]:
    """Append rows in chunks, as sealing does, and compact them into sorted files."""
    metrics = Metrics(store)
    begin = time.perf_counter()
    maker = duckdb.connect()
    maker.execute("SELECT setseed(0.5)").fetchall()
    # At 10 million rows the two hot versions have 100,000 each; below, the same share at least.
    every, hot = (rows // CHUNK * 5, 2) if rows >= 10_000_000 else (10, 2)
    making = 0.0
    for start in range(0, rows, CHUNK):
        made = time.perf_counter()
        table = maker.sql(
            MAKE,
            params={
                "every": every,
                "hot": hot,
                "begin": start,
                "end": min(start + CHUNK, rows),
            },
        ).to_arrow_table()
        making += time.perf_counter() - made
        metrics.store.table.append(table.cast(arrow_schema()), [f"bench-{start}"])
    maker.close()
    appending = time.perf_counter() - begin - making
    begin = time.perf_counter()
    report = compact(metrics.store, full=True, grace_hours=0)
    seconds = time.perf_counter() - begin
    size = report.bytes_after / rows
    return [
        Line("appending rows", f"{rows / appending:,.0f} rows/s"),
        Line(f"compacting {report.merged} files", f"{rows / seconds:,.0f} rows/s"),
        Line("size", f"{size:.1f} bytes a row", "50", size <= 50),
        Line("memory peak of making and building it", f"{peak_mib():,.0f} MiB"),
    ]


def ask(metrics: Metrics, rows: int, folder: Path) -> list[Line]:
    """Time the questions beside their yardsticks."""
    return [
        *_ask_hot(metrics, rows, folder),
        *_ask_middle(metrics),
        *_ask_all(metrics),
        Line("memory peak of asking", f"{peak_mib():,.0f} MiB"),
    ]


def _ask_hot(metrics: Metrics, rows: int, folder: Path) -> list[Line]:
    hot = metrics.summary("hot/prompt")
    ours = median_ms(lambda: metrics.summary("hot/prompt"))
    peer = ask_peer(PEER, str(HOT_ROWS), str(folder / "peer.db")) * 1000
    again = median_ms(lambda: metrics.summary("hot/prompt"))
    best = min(ours, again)
    sizes = " and ".join(f"{summary.calls:,}" for summary in hot)
    return [
        Line(f"two versions of {sizes} rows out of {rows:,}, exact p50/p95", f"{best:.1f} ms"),
        Line(
            f"prompt-versioner 0.3.1, plain means of two of {HOT_ROWS:,} alone",
            f"{peer:.1f} ms, ratio {best / peer:.2f}",
            "ratio 0.6",
            best / peer <= 0.6,
        ),
    ]


def _ask_middle(metrics: Metrics) -> list[Line]:
    ((middle, count),) = metrics.sql(
        "SELECT prompt, n FROM (SELECT prompt, count(*) AS n FROM calls GROUP BY ALL) "
        "ORDER BY abs(n - (SELECT count(*) / 1000 FROM calls)) LIMIT 1"
    )
    times = median_ms(lambda: metrics.summary(middle), 15)
    begin = time.process_time()
    for _ in range(10):
        metrics.summary(middle)
    cpu = (time.process_time() - begin) * 100
    text = f"{times:.1f} ms, {cpu:.1f} ms of processor"
    return [Line(f"a mid-sized prompt of {count:,} rows", text, "30 ms", times <= 30)]


def _ask_all(metrics: Metrics) -> list[Line]:
    query = (
        "SELECT prompt, version, count(*), avg(latency_ms), avg(cost), avg(input_tokens), "
        "count(CASE WHEN success THEN 1 END) FROM calls GROUP BY ALL"
    )
    columns = ["prompt", "version", "latency_ms", "cost", "input_tokens", "success"]
    files = metrics.store.table.uris()
    ours = median_ms(lambda: metrics.sql(query), 3)
    raw = median_ms(lambda: ds.dataset(files).to_table(columns=columns), 3)
    whole = median_ms(metrics.summary, 1)
    return [
        Line(
            "group-by over all, against a raw read of its columns",
            f"{ours:,.0f} ms, {raw:,.0f} ms, ratio {ours / raw:.2f}",
            "ratio 2",
            ours / raw <= 2,
        ),
        Line("summary of every version, exact p50/p95", f"{whole:,.0f} ms"),
    ]


def check_disk(rows: int, folder: Path) -> None:
    """Say what a run takes, and refuse one that the disk cannot hold."""
    need, free = rows * PEAK_BYTES, shutil.disk_usage(folder).free
    print(
        f"{rows:,} rows take about {rows * BUILD_SECONDS / 60:.0f} minutes and "
        f"{need / 1e9:.1f} GB while they are built ({free / 1e9:.0f} GB are free)",
        flush=True,
    )
    if need > free:
        sys.exit(f"the disk of {folder} is too small; choose another with --store")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, help="keep the store here and use it again")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="promptreg-bench-"))
    try:
        store = given.store or folder / "metrics"
        lines: list[Line] = []
        if not (store / "calls").exists():
            check_disk(given.rows, store.parent if given.store else folder)
            # In a process of its own, so that each half has its own memory peak.
            with multiprocessing.get_context("spawn").Pool(1) as builder:
                lines += builder.apply(fill, (store, given.rows))
        metrics = Metrics(store)
        print_table([*lines, *ask(metrics, metrics.status().rows, folder)])
    finally:
        shutil.rmtree(folder)
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"load of the last 1, 5 and 15 minutes: {loads}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
