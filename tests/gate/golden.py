"""Golden files: on a mismatch the actual output is kept beside the expected one."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["assert_golden"]

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, actual: str) -> None:
    """Compare with a golden file; PROMPTREG_GOLDEN=write replaces it."""
    expected, kept = FOLDER / name, FOLDER / f"{name}.actual"
    if os.environ.get("PROMPTREG_GOLDEN") == "write":
        expected.write_text(actual, encoding="utf-8")
    wanted = expected.read_text(encoding="utf-8") if expected.exists() else ""
    if actual == wanted:
        kept.unlink(missing_ok=True)
        return
    kept.write_text(actual, encoding="utf-8")
    raise AssertionError(f"{expected} differs; the actual output is in {kept}")
