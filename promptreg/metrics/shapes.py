"""Writers of rows, one per set of columns, compiled when the set first comes.

An application logs the same columns again and again. A function that checks and writes exactly
these, in one condition and one f-string, takes half the time of a loop over them. It judges
nothing: whatever is not plainly right it leaves to `promptreg.metrics.checks`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from promptreg.metrics.checks import CHECKS, MAX_INT
from promptreg.metrics.columns import BY_NAME, Kind

__all__ = ["SHAPES", "ShapeWriter", "encode_json", "shape_writer"]

ShapeWriter = Callable[[Mapping[str, Any], str], str | None]
"""Takes columns, and the time for a row without one; None when a value is not plainly right."""

_SHAPE_LIMIT = 1_000
_KNOWN_LIMIT = 10_000
_EXACT_LIMIT = 1 << 53
_IDENTITY = ("prompt", "version", "digest")
# What must hold of the value {0}, and how it is written.
_REAL = (
    "(type({0}) is float and 0.0 <= {0} <= %s"
    " or type({0}) is int and 0 <= {0} <= %s)"
)  # fmt: skip
_BY_KIND: Mapping[Kind, tuple[str, str]] = {
    Kind.TEXT: ("type({0}) is str", "quote({0})"),
    Kind.COUNT: (f"type({{0}}) is int and 0 <= {{0}} <= {MAX_INT}", "{0}"),
    Kind.MEASURE: (_REAL % (sys.float_info.max, _EXACT_LIMIT), "{0}!r"),
    Kind.FRACTION: (_REAL % (1.0, 1), "{0}!r"),
    Kind.FLAG: ("type({0}) is bool", "'true' if {0} else 'false'"),
}
_quote = json.encoder.encode_basestring
# json.dumps with arguments would build an encoder per call.
encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class _Known(dict[str, str]):
    """The JSON texts of checked values: few prompts, versions and digests come again and again."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, value: str) -> str:
        text = _quote(CHECKS[self._name](self._name, value))
        if len(self) >= _KNOWN_LIMIT:
            self.clear()
        self[value] = text
        return text


def shape_writer(names: tuple[str, ...]) -> ShapeWriter | None:
    """Return what writes rows with exactly these columns, as a line with its end.

    Args:
        names: Column names in the order of the values.

    Returns:
        None when such a row cannot be right, or when there are too many shapes to keep.
    """
    if len(SHAPES) >= _SHAPE_LIMIT or not {"prompt", "version"} <= set(names) <= BY_NAME.keys():
        return None
    writer = SHAPES[names] = _compile(names)
    return writer


def _compile(names: tuple[str, ...]) -> ShapeWriter:
    space: dict[str, Any] = {"quote": _quote}
    conditions, pairs = [], [] if "ts" in names else ['"ts":"{now}"']
    for number, name in enumerate(names):
        value = f"v{number}"
        condition, text = _BY_KIND.get(BY_NAME[name].kind, ("{0} is not None", f"w{number}({{0}})"))
        if name in _IDENTITY:
            text = f"k{number}[{{0}}]"
        conditions.append(condition.format(value))
        pairs.append(f'"{name}":{{{text.format(value)}}}')
        space |= {f"w{number}": _checked(name), f"k{number}": _known.get(name)}
    values = "".join(f"v{number}, " for number in range(len(names)))
    source = (
        f"def write(values, now):\n"
        f"    {values}= values.values()\n"
        f"    if {' and '.join(conditions)}:\n"
        f"        return f'''{{{{{','.join(pairs)}}}}}\\n'''\n"
    )
    # Made of our own column names and nothing else, as the standard library makes dataclasses.
    exec(source, space)  # noqa: S102
    writer: ShapeWriter = space["write"]
    return writer


def _checked(name: str) -> Callable[[Any], str]:
    check = CHECKS[name]
    return lambda value: encode_json(check(name, value))


_known = {name: _Known(name) for name in _IDENTITY}
SHAPES: dict[tuple[str, ...], ShapeWriter] = {}
"""The writers made so far, by their columns."""
