"""What docs/statistics.md shows works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from promptreg.config import parse_config
from promptreg.gate import gate_thresholds
from promptreg.monitor.settings import settings_from

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_configuration_is_valid() -> None:
    """Each TOML block is a configuration whose thresholds and alerts are read."""
    gate, accept, alerts = (parse_config(block.encode()) for block in _blocks("toml"))
    names = [threshold.name for threshold in gate_thresholds(gate, "support/triage")]
    assert "cost" not in names
    assert {"latency.p95", "toxicity", "success_rate"} <= set(names)
    assert accept.accept[0].limit == "-15%"
    assert len(settings_from(alerts.alerts).limits) == 3


def test_the_python_example_runs() -> None:
    """The example runs, its assertions included."""
    (example,) = _blocks("python")
    exec(compile(example, "statistics.md", "exec"), {})
