"""The process that seals segments for a running application: `promptreg.metrics.shipper` starts it.

It reads one JSON object from standard input, seals what is closed, and ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from promptreg.errors import ConflictError, PromptregError
from promptreg.pricing import Pricer

__all__ = ["main"]


def main() -> int:
    """Seal once; return 0, or 1 with one line on standard error."""
    from promptreg.storage.store import Store

    given = json.load(sys.stdin)
    try:
        store = Store(
            given["location"],
            wal=Path(given["wal"]),
            pricer=Pricer(given["prices"]),
            storage_options=given["storage_options"],
        )
        store.seal()
    except ConflictError:
        return 0  # somebody else is at it, which is as good
    except (PromptregError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)  # noqa: T201 - what the thread reads
        return 1
    return 0
