"""Whether two answers say the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

RELATIVE = 1e-9


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Return where two answers differ; numbers may differ in the tenth digit.

    Args:
        a: One answer: plain values, dataclasses, mappings and sequences of them.
        b: The other.
        path: Where in the answer they stand.
    """
    if is_dataclass(a) and type(a) is type(b):
        names = [f.name for f in fields(a)]
        pairs = [(name, getattr(a, name), getattr(b, name)) for name in names]
    elif isinstance(a, Mapping) and isinstance(b, Mapping):
        if set(a) != set(b):
            return [f"{path}: keys {sorted(map(str, set(a) ^ set(b)))}"]
        pairs = [(str(key), a[key], b[key]) for key in a]
    elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        if len(a) != len(b):
            return [f"{path}: {len(a)} and {len(b)} values"]
        pairs = [(str(n), x, y) for n, (x, y) in enumerate(zip(a, b, strict=True))]
    elif _is_number(a) and _is_number(b):
        close = math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-12) or (
            math.isnan(a) and math.isnan(b)
        )
        return [] if close else [f"{path}: {a!r} and {b!r}"]
    else:
        return [] if a == b else [f"{path}: {a!r} and {b!r}"]
    return [text for name, x, y in pairs for text in differences(x, y, f"{path}.{name}")]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
