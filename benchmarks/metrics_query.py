"""Questions to a store of 1 or 10 million rows, beside a raw pyarrow scan and prompt-versioner.

python benchmarks/metrics_query.py                  # 1 million rows
python benchmarks/metrics_query.py --rows 10000000  # takes some minutes
"""

from __future__ import annotations

import argparse
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
from metrics_peer import ask_peer

from promptreg.metrics import Metrics
from promptreg.storage.compact import compact
from promptreg.storage.schema import arrow_schema

CHUNK = 500_000
HOT_ROWS = 100_000
MAKE = """
SELECT
    TIMESTAMP '2026-01-01' + to_microseconds((random() * 90 * 86400 * 1e6)::BIGINT) AS ts,
    prompt, '1.' || v || '.0' AS version, sha256(prompt || v) AS digest,
    substr(sha256(prompt || 'commit' || v), 1, 40) AS "commit", 'production' AS environment,
    NULL AS run_id, NULL AS suite, NULL AS dataset_digest, NULL AS case_id, NULL AS repeat,
    NULL AS experiment, NULL AS variant, 'user-' || (random() * 50000)::INT AS unit,
    'openai' AS provider, CASE WHEN i % 3 = 0 THEN 'gpt-4o' ELSE 'gpt-4o-mini' END AS model,
    0.7 AS temperature, NULL AS top_p, 500 AS max_tokens,
    (200 + random() * 800)::BIGINT AS input_tokens, (20 + random() * 300)::BIGINT AS output_tokens,
    NULL AS cached_input_tokens, NULL AS reasoning_tokens,
    round(exp(6.5 + 0.6 * (random() + random() + random() - 1.5)), 3) AS latency_ms,
    NULL AS time_to_first_token_ms,
    round((200 + random() * 800) * 2.5e-6 + (20 + random() * 300) * 1e-5, 6) AS cost,
    NULL AS currency, CASE WHEN i % 10 = 0 THEN round(random(), 2) END AS quality_score,
    NULL AS accuracy, random() > 0.02 AS success, NULL AS error_type, NULL AS error_message,
    NULL AS scores, NULL AS metadata
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


def fill(metrics: Metrics, rows: int) -> None:
    """Append rows in chunks, as sealing does, and compact them into sorted files."""
    begin = time.perf_counter()
    maker = duckdb.connect()
    maker.execute("SELECT setseed(0.5)").fetchall()
    # At 10 million rows the two hot versions have 100,000 each; below, the same share at least.
    every, hot = (100, 2) if rows >= 10_000_000 else (10, 2)
    for start in range(0, rows, CHUNK):
        table = maker.sql(
            MAKE,
            params={
                "every": every,
                "hot": hot,
                "begin": start,
                "end": min(start + CHUNK, rows),
            },
        ).to_arrow_table()
        metrics.store.table.append(table.cast(arrow_schema()), [f"bench-{start}"])
    seconds = time.perf_counter() - begin
    print(f"appended {rows:,} rows in {seconds:.1f} s ({rows / seconds:,.0f} rows/s)")
    begin = time.perf_counter()
    report = compact(metrics.store, full=True, grace_hours=0)
    seconds = time.perf_counter() - begin
    print(
        f"compacted {report.merged} files in {seconds:.1f} s ({rows / seconds:,.0f} rows/s), "
        f"{report.bytes_after / rows:.1f} bytes a row (wanted: 50)"
    )


def ask(metrics: Metrics, rows: int, folder: Path) -> None:
    """Time the questions and print them beside their yardsticks."""
    hot = metrics.summary("hot/prompt")
    print(f"hot prompt: {', '.join(f'{s.calls:,}' for s in hot)} rows in its versions")
    ours = median_ms(lambda: metrics.summary("hot/prompt"))
    peer = ask_peer(PEER, str(HOT_ROWS), str(folder / "peer.db")) * 1000
    print(
        f"two versions, exact p50/p95, out of {rows:,}: {ours:.1f} ms; prompt-versioner's plain "
        f"means of two versions of {HOT_ROWS:,} rows alone: {peer:.1f} ms; "
        f"ratio {ours / peer:.2f} (wanted: 0.6)"
    )
    ((middle, count),) = metrics.sql(
        "SELECT prompt, n FROM (SELECT prompt, count(*) AS n FROM calls GROUP BY ALL) "
        "ORDER BY abs(n - (SELECT count(*) / 1000 FROM calls)) LIMIT 1"
    )
    ours = median_ms(lambda: metrics.summary(middle))
    print(f"mid-sized prompt ({count:,} rows): {ours:.1f} ms (wanted: 30 ms)")
    query = (
        "SELECT prompt, version, count(*), avg(latency_ms), avg(cost), avg(input_tokens), "
        "count(CASE WHEN success THEN 1 END) FROM calls GROUP BY ALL"
    )
    ours = median_ms(lambda: metrics.sql(query), 3)
    columns = ["prompt", "version", "latency_ms", "cost", "input_tokens", "success"]
    files = metrics.store.table.uris()
    raw = median_ms(lambda: ds.dataset(files).to_table(columns=columns), 3)
    print(f"group-by over all: {ours:.0f} ms; raw read {raw:.0f} ms; ratio {ours / raw:.2f} (2)")
    full = median_ms(metrics.summary, 3)
    print(f"full summary of every version with exact p50/p95 of four metrics: {full:.0f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory peak {peak:,.0f} MiB")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, help="keep the store here and use it again")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="promptreg-bench-"))
    try:
        metrics = Metrics(given.store or folder / "metrics")
        if not metrics.status().rows:
            fill(metrics, given.rows)
        ask(metrics, given.rows, folder)
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
