"""Collecting a report from many metric rows: time and memory of queries and verdicts.

``python benchmarks/report_rows.py`` measures 10 million rows of 1,000 prompts with 10 versions;
``--quick`` a tenth of the prompts. The rows are made by DuckDB; git is left out.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from promptreg.report.assembly import COMPARED_VERSIONS, MANY_PROMPTS, pairs_of
from promptreg.report.data import ROWS_AT_ONCE
from promptreg.report.figures import read_totals
from promptreg.report.measures import Scope, measure
from promptreg.report.verdicts import best_models, compare_versions
from promptreg.stats.thresholds import DEFAULT_THRESHOLDS
from promptreg.storage.engine import connect

ROWS = """
CREATE TABLE calls AS SELECT
  TIMESTAMP '2026-01-01' + INTERVAL 1 MINUTE * (i % 250000) AS ts,
  'prompt-' || lpad((i // $per)::VARCHAR, 5, '0') AS prompt,
  '1.' || ((i % $per) * 10 // $per)::VARCHAR || '.0' AS version,
  md5((i * 10 // $per)::VARCHAR) || md5('x' || (i * 10 // $per)::VARCHAR) AS digest,
  'production' AS environment, NULL::VARCHAR AS suite, NULL::VARCHAR AS dataset_digest,
  NULL::VARCHAR AS case_id, NULL::VARCHAR AS unit,
  CASE i % 3 WHEN 0 THEN 'gpt-4o' WHEN 1 THEN 'gpt-4o-mini' ELSE 'claude' END AS model,
  (500 + i % 700)::BIGINT AS input_tokens, (100 + i % 300)::BIGINT AS output_tokens,
  300 * exp(random()) AS latency_ms, 0.001 + random() / 500 AS cost, 'USD' AS currency,
  CASE WHEN i % 4 = 0 THEN 0.7 + random() * 0.2 END AS quality_score,
  NULL::DOUBLE AS accuracy, random() > 0.02 AS success, NULL::MAP(VARCHAR, DOUBLE) AS scores
FROM range($rows) t(i)
"""


class Calls:
    """The store's seam over one DuckDB connection."""

    def __init__(self, rows: int, per_prompt: int) -> None:
        self._connection = connect("1.5GB")
        self._connection.execute(ROWS, {"rows": rows, "per": per_prompt})

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query."""
        return self._connection.execute(query, list(parameters)).fetchall()


def main() -> None:
    """Measure all rows and judge what the report judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    prompts = 100 if parser.parse_args().quick else 1000
    per_prompt = 10_000
    calls = Calls(prompts * per_prompt, per_prompt)
    names = [f"prompt-{n:05}" for n in range(prompts)]
    spent = time.process_time()
    start = time.perf_counter()
    read_totals(calls, names, None, {})
    queried, judged, pairs = time.perf_counter() - start, 0.0, 0
    step = ROWS_AT_ONCE // per_prompt
    for at in range(0, prompts, step):
        start = time.perf_counter()
        found = measure(calls, Scope(tuple(names[at : at + step])))
        queried += time.perf_counter() - start
        start = time.perf_counter()
        for versions in found.values():
            ordered = sorted(versions.values(), key=lambda m: m.version)
            by_version = {m.version: m for m in ordered}
            ordered_names = list(by_version)
            for base, head in pairs_of(list(by_version), prompts):
                one, other = (base, by_version[base]), (head, by_version[head])
                # As the collector does at this size: models apart only of the latest versions.
                by_model = prompts <= MANY_PROMPTS or head in ordered_names[-COMPARED_VERSIONS:]
                compare_versions(one, other, DEFAULT_THRESHOLDS, by_model=by_model)
                pairs += 1
            for one_version in ordered:
                best_models(one_version)
        judged += time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = queried + judged
    spent = time.process_time() - spent
    print(f"{prompts * per_prompt:,} rows, {prompts:,} prompts x 10 versions")
    print(f"  queries {queried:.1f} s, {pairs:,} pairs judged in {judged:.1f} s")
    print(f"  together {total:.1f} s, target 60 s: {'reached' if total <= 60 else 'MISSED'}")
    print(f"  {spent:.1f} s of all processors")
    print(f"  memory peak {peak:,.0f} MB with the table in memory, target 2,000 MB")


if __name__ == "__main__":
    main()
