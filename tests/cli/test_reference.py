"""The command reference tells what the commands tell."""

from __future__ import annotations

from pathlib import Path

from promptreg.cli.reference import reference

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def test_the_reference_is_up_to_date() -> None:
    """docs/cli.md is what `python -m promptreg.cli.reference` prints."""
    assert DOCUMENT.read_text(encoding="utf-8") == reference()
