"""One store with everything that could tell two engines apart, written by our own writer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from promptreg.metrics import Metrics
from promptreg.storage.compact import compact

BASE = "a" * 64
HEAD = "b" * 64
START = datetime(2026, 1, 5, 22, 30)  # noqa: DTZ001 - the store's times are naive UTC
NOW = START + timedelta(days=170)
MODELS = ("gpt-4o", "claude-über", None)
CASES = 90
CALLS = 240


def evaluations(digest: str, version: str, shift: float) -> Iterator[dict[str, Any]]:
    """Yield the rows of a suite that both contents ran, paired by case."""
    chance = random.Random(version)
    for case in range(CASES):
        for model in MODELS[:2]:
            yield {
                "prompt": "summarizer",
                "version": version,
                "digest": digest,
                "suite": "nightly",
                "dataset_digest": "d" * 64,
                "case_id": f"case-{case}",
                "ts": START + timedelta(days=3, minutes=case),
                "model": model,
                "latency_ms": 400.0 + 7 * case + chance.uniform(0, 300) + 50 * shift,
                "quality_score": min(1.0, 0.6 + 0.003 * case + chance.uniform(-0.1, 0.1)),
                "accuracy": float(chance.random() < 0.8 - 0.1 * shift),
                "cost": 0.001 * chance.uniform(0.5, 2.0),
                "input_tokens": 300 + case,
                "output_tokens": chance.randrange(20, 900),
                "success": chance.random() < 0.9,
                "scores": {"tone": chance.random(), "größe": chance.uniform(-2, 2)},
            }


def calls(prompt: str, version: str, digest: str | None, days: int) -> Iterator[dict[str, Any]]:
    """Yield ordinary calls: users who come again, gaps, nulls, a zero, two currencies."""
    chance = random.Random(f"{prompt} {version}")
    for number in range(CALLS):
        some = chance.random() < 0.8
        row = {
            "prompt": prompt,
            "version": version,
            "digest": digest,
            "ts": START + timedelta(seconds=days * 86_400 * number / CALLS, microseconds=number),
            "model": MODELS[number % 3],
            "provider": "打开",
            "unit": None if number % 5 == 0 else f"użytkownik-{chance.randrange(60)}",
            "experiment": "tone" if number % 2 else None,
            "variant": ("warm" if number % 4 == 1 else "cold") if number % 2 else None,
            "latency_ms": chance.lognormvariate(6, 0.4) if some else None,
            "time_to_first_token_ms": 80.5 if number % 7 == 0 else None,
            "quality_score": chance.random() if number % 3 else None,
            "cost": 0.0 if number == 9 else chance.uniform(0.001, 0.02),
            "currency": "EUR" if prompt == "router" and number % 40 == 0 else None,
            "input_tokens": chance.randrange(1, 2000),
            "output_tokens": chance.randrange(1, 500) if some else None,
            "cached_input_tokens": 1 if number % 11 == 0 else None,
            "success": None if number % 9 == 0 else chance.random() < 0.93,
            "error_type": "Zeit\"über'schritten\\n" if number % 50 == 0 else None,
            "scores": {"tone": chance.random()} if number % 4 == 0 else None,
            "metadata": {"Schlüssel": "\u2028 ü", "n": number} if number % 10 == 0 else None,
        }
        yield {name: value for name, value in row.items() if value is not None}


def build(folder: Path) -> Metrics:
    """Write the store: compacted files, files after them, and rows that are not sealed."""
    metrics = Metrics(folder)
    metrics.log_many(evaluations(BASE, "1.0.0", 0.0))
    metrics.log_many(calls("summarizer", "1.0.0", BASE, 160))
    metrics.flush()
    metrics.log_many(evaluations(HEAD, "1.1.0", 1.0))
    metrics.flush()
    compact(metrics.store, full=True)
    metrics.log_many(calls("summarizer", "1.1.0", HEAD, 165))
    metrics.flush()
    metrics.log_many(calls("router", "2.0.0", None, 20))
    metrics.flush()
    metrics.log_many(calls("router", "2.1.0", None, 21))
    return metrics
