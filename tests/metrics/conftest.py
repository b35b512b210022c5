"""Stores and rows for the tests of the metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promptreg.metrics import Metrics

DIGEST = "4f1a2b3c5d6e" + "0" * 52


def row(**columns: Any) -> dict[str, Any]:
    """Return the columns of a plausible call, with some replaced."""
    return {
        "prompt": "summarizer",
        "version": "1.2.0",
        "digest": DIGEST,
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 350,
        "output_tokens": 120,
        "latency_ms": 812.5,
        "quality_score": 0.9,
        "success": True,
    } | columns


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for a store."""
    return tmp_path / "metrics"


@pytest.fixture
def make(folder: Path) -> Callable[..., Metrics]:
    """Makes metrics over the one store of the test."""

    def build(**options: Any) -> Metrics:
        return Metrics(folder, **options)

    return build


@pytest.fixture
def metrics(make: Callable[..., Metrics]) -> Metrics:
    """Metrics over the store of the test."""
    return make()
