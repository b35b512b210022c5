"""Rows of a small made-up world, logged through the real store."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

from promptreg.gate import PromptChange
from promptreg.metrics.facade import Metrics

BASE, HEAD = "a" * 64, "b" * 64
CHANGE = PromptChange("summarizer", "1.2.0", BASE, "1.3.0", HEAD, "prompts/summarizer.yml", 3)
SUITE = {"suite": "news", "dataset_digest": "d" * 64, "environment": "ci", "model": "gpt-4o"}


def calls(
    digest: str,
    n: int,
    *,
    seed: int,
    quality: float = 1.0,
    latency: float = 1.0,
    cost: float = 1.0,
    errors: float = 0.02,
    **columns: Any,
) -> list[dict[str, Any]]:
    """Return n rows; the factors say how this side differs from the usual."""
    source = random.Random(seed)
    rows = []
    for number in range(n):
        row: dict[str, Any] = {
            "prompt": "summarizer",
            "version": "1.2.0" if digest == BASE else "1.3.0",
            "digest": digest,
            "quality_score": min(1.0, source.betavariate(8, 2) * quality),
            "latency_ms": source.lognormvariate(math.log(800), 0.5) * latency,
            "cost": source.lognormvariate(math.log(0.004), 0.4) * cost,
            "input_tokens": source.randrange(400, 1200),
            "output_tokens": source.randrange(50, 200),
            "success": source.random() >= errors,
        }
        if columns.get("suite"):
            row["case_id"] = f"case-{number}"
        rows.append({**row, **columns})
    return rows


def store_of(folder: Path, *groups: list[dict[str, Any]]) -> Metrics:
    """Return a store that holds these rows."""
    metrics = Metrics(folder / "metrics")
    for group in groups:
        metrics.log_many(group)
    return metrics
