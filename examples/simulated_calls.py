"""Simulated calls for the demo: real token counts where there is a trace, a model for the rest.

Token counts come from a public trace of LLM requests when it lies beside the project, otherwise
from a small generated sample. Latency, quality and errors are never measured here: latency is
180 ms plus 9 ms for each output token (14 ms of the larger model) times a lognormal factor, quality
is a Beta variable, one call in fifty fails. The cost is left to the price table.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from promptreg import Registry

TRACE = Path("..") / "shared" / "corpus" / "llm_trace_conv.csv.gz"
MODEL, LARGER_MODEL = "gpt-4o-mini", "gpt-4o"
TOKEN_MS = {MODEL: 9, LARGER_MODEL: 14}
DAYS = 21
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Traffic:
    """Token counts to draw calls from.

    Attributes:
        source: Where they come from, in words.
        requests: Input and output tokens of each request.
    """

    source: str
    requests: tuple[tuple[int, int], ...]

    def production(self, folder: Path, calls: int) -> str:
        """Return JSON lines: calls of the summarizer's released versions over three weeks."""
        rows = []
        draw = random.Random(7)
        with Registry(folder) as registry:
            releases = registry.releases("summarizer")
        tokens = cycle(self.requests)
        for number, release in enumerate(releases):
            shorter = 0.85**number
            for index, (given, answered) in enumerate(islice(tokens, calls)):
                age = timedelta(days=DAYS * (1 - index / calls) / len(releases))
                when = (
                    NOW - timedelta(days=DAYS * (len(releases) - 1 - number) / len(releases)) - age
                )
                # Every third call asks the larger model, so that models can be compared.
                model, quality = (MODEL, 0.84) if index % 3 else (LARGER_MODEL, 0.9)
                words = max(1, round(answered * shorter))
                row = _call(draw, given, words, quality=quality, model=model)
                row |= {"ts": when.isoformat(), "prompt": "summarizer"}
                row |= {"version": str(release.version), "digest": release.digest}
                rows.append(row)
        return "".join(json.dumps(row) + "\n" for row in rows)

    def evaluation(self, folder: Path, cases: int) -> str:
        """Return JSON lines: the same cases with the latest release and with the work tree."""
        rows = []
        with Registry(folder) as registry:
            sides = [(registry.get("summarizer"), 0.88), (registry.get("summarizer@HEAD"), 0.66)]
        for side, (loaded, quality) in enumerate(sides):
            draw = random.Random(11 + side)
            for case, (given, answered) in enumerate(self.requests[:cases]):
                row = _call(draw, given, answered, quality=quality, failures=0.0)
                row |= {
                    "ts": (NOW + timedelta(hours=side)).isoformat(),
                    "prompt": "summarizer",
                    "version": loaded.version,
                    "digest": loaded.digest,
                    "suite": "news",
                    "dataset_digest": "0" * 64,
                    "case_id": f"case-{case:03}",
                    "environment": "ci",
                }
                rows.append(row)
        return "".join(json.dumps(row) + "\n" for row in rows)


def load_traffic(root: Path) -> Traffic:
    """Read the trace beside the project, or generate a sample when there is none."""
    path = root / TRACE
    if path.exists():
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            entries = csv.DictReader(lines)
            found = tuple((int(e["ContextTokens"]), int(e["GeneratedTokens"])) for e in entries)
        return Traffic("token counts of a real trace (latency and quality are simulated)", found)
    draw = random.Random(3)
    sample = tuple(
        (round(draw.lognormvariate(6.3, 0.9)), round(draw.lognormvariate(4.8, 0.8)) + 1)
        for _ in range(4_000)
    )
    return Traffic("a generated sample, for want of the real trace (all is simulated)", sample)


def _call(
    draw: random.Random,
    given: int,
    answered: int,
    *,
    quality: float,
    failures: float = 0.02,
    model: str = MODEL,
) -> dict[str, Any]:
    success = draw.random() >= failures
    row: dict[str, Any] = {
        "model": model,
        "provider": "openai",
        "input_tokens": given,
        "output_tokens": answered if success else 0,
        "latency_ms": round((180 + TOKEN_MS[model] * answered) * math.exp(draw.gauss(0, 0.35)), 1),
        "success": success,
    }
    if success:
        row["quality_score"] = round(draw.betavariate(quality * 20, (1 - quality) * 20), 4)
    else:
        row["error_type"] = "Timeout"
    return row
