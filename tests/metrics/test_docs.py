"""docs/metrics.md says what is."""

from __future__ import annotations

from pathlib import Path

import typer.main

from promptreg.cli.metrics import app
from promptreg.metrics.columns import columns_table

TEXT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")


def test_columns_are_documented() -> None:
    """The table of columns is the generated one."""
    assert columns_table() in TEXT


def test_commands_are_documented() -> None:
    """Every command of the group appears."""
    for name in typer.main.get_group(app).commands:  # type: ignore[attr-defined]
        assert f"metrics {name}" in TEXT, name
