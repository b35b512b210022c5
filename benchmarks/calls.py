"""Calls of the versions of a benchmark's registry, put into its store sorted by version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb  # noqa: TID251 - makes the rows
import pyarrow as pa  # noqa: TID251 - takes them to the table

from promptreg.registry import Registry
from promptreg.storage.schema import arrow_schema

if TYPE_CHECKING:
    from promptreg.history.tags import Release

__all__ = ["DAYS", "NEW_CALLS", "add_calls", "add_new_calls"]

DAYS = 110
NEW_CALLS = 200
ROWS_AT_ONCE = 1_000_000


def measures(rated_every: int) -> str:
    """Return the columns of a made-up call ``i`` behind its environment.

    Args:
        rated_every: Which share of the calls has a quality.
    """
    return f"""
    NULL AS run_id, NULL AS suite, NULL AS dataset_digest, NULL AS case_id, NULL AS repeat,
    NULL AS experiment, NULL AS variant, 'user-' || (random() * 50000)::INT AS unit,
    'openai' AS provider, CASE WHEN i % 3 = 0 THEN 'gpt-4o' ELSE 'gpt-4o-mini' END AS model,
    0.7 AS temperature, NULL AS top_p, 500 AS max_tokens,
    (200 + random() * 800)::BIGINT AS input_tokens, (20 + random() * 300)::BIGINT AS output_tokens,
    NULL AS cached_input_tokens, NULL AS reasoning_tokens,
    round(exp(6.5 + 0.6 * (random() + random() + random() - 1.5)), 3) AS latency_ms,
    NULL AS time_to_first_token_ms,
    round((200 + random() * 800) * 2.5e-6 + (20 + random() * 300) * 1e-5, 6) AS cost,
    NULL AS currency, CASE WHEN i % {rated_every} = 0 THEN round(random(), 2) END AS quality_score,
    NULL AS accuracy, random() > 0.02 AS success, NULL AS error_type, NULL AS error_message,
    NULL AS scores, NULL AS metadata
"""


# A version is called from its release on for the time of three releases, as rollouts overlap.
_MAKE = f"""
SELECT
    TIMESTAMP '2026-01-01' + to_microseconds(
        ((v.share + random() * 3 * v.step) * $days * 86400 * 1e6)::BIGINT) AS ts,
    v.prompt, v.version, v.digest, v.commit, 'production' AS environment,
    {measures(rated_every=3)}
FROM versions v, range($calls) t(i) ORDER BY v.prompt, v.version, ts
"""


def add_calls(root: Path, calls: int) -> None:
    """Add calls of every released version.

    Args:
        root: The registry's folder.
        calls: How many of each version.
    """
    maker = duckdb.connect()
    maker.execute(
        "SET enable_progress_bar = false; SET threads = 1; SELECT setseed(0.5)"
    ).fetchall()
    with Registry(root) as registry:
        table = registry.metrics.store.table
        names = sorted(registry.tags.names())
        first = registry.tags.releases(names[0])
        step = max(1, ROWS_AT_ONCE // (calls * len(first)))
        for at in range(0, len(names), step):
            maker.register("versions", _versions(registry, names[at : at + step]))
            rows = maker.sql(_MAKE, params={"calls": calls, "days": DAYS}).to_arrow_table()
            table.append(rows.cast(arrow_schema()), [f"bench-{at}"])
    maker.close()


def add_new_calls(registry: Registry, prompt: str, release: Release) -> None:
    """Log `NEW_CALLS` of a version, as an application does.

    Args:
        registry: Where; its metrics are closed afterwards.
        prompt: The prompt's name.
        release: Its version.
    """
    version, digest = str(release.version), release.digest
    registry.metrics.log_many(
        {"prompt": prompt, "version": version, "digest": digest, "latency_ms": n}
        for n in range(1, NEW_CALLS + 1)
    )
    registry.metrics.close()


def _versions(registry: Registry, names: list[str]) -> pa.Table:
    rows = []
    for name in names:
        releases = registry.tags.releases(name)
        for number, release in enumerate(releases):
            rows.append(
                {
                    "prompt": name,
                    "version": str(release.version),
                    "digest": release.digest,
                    "commit": release.commit,
                    "share": number / (len(releases) + 2),
                    "step": 1 / (len(releases) + 2),
                }
            )
    return pa.Table.from_pylist(rows)
