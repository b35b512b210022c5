"""JSON that a terminal can be shown as well; pure."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["json_text"]

# JSON allows these as they are, and terminals obey them.
_CONTROLS = re.compile("[\x7f-\x9f]")


def json_text(value: Any, *, indent: int | None = 2, ensure_ascii: bool = False) -> str:
    """Return a value as JSON.

    Args:
        value: Plain values; what is none is written as its text.
        indent: Blanks a level; None writes it in one line, in a tenth of the time.
        ensure_ascii: Whether to escape all that is not ASCII.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, default=str)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
