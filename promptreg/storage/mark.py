"""The mark beside the table: which commit was the newest when this machine last wrote one.

A Delta log whose newest commit was deleted looks like a log that never had it. Only a witness
outside the log can tell the two apart.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from promptreg.values import dataclass

__all__ = ["Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """The file, beside the table's folder, that holds the mark."""

    path: Path

    def read(self) -> int:
        """Return the newest commit known, -1 when none is."""
        try:
            return int(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return -1

    def write(self, version: int) -> None:
        """Note that a commit exists; a mark that cannot be written is only a witness less."""
        with contextlib.suppress(OSError):
            temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            temporary.write_text(f"{version}\n", "utf-8")
            temporary.replace(self.path)
