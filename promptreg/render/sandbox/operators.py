"""The operators by which a short template could make a huge value, with their limits."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2.exceptions import SecurityError

from promptreg.render.sandbox.budget import MAX_BITS, MAX_CHARACTERS, LimitError, measure

__all__ = ["OPERATORS", "percent_format"]

_MAX_WIDTH = 999
_SPECIFIER = re.compile(r"%(?:\([^)]*\))?[#0\- +]*(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?")


def percent_format(template: str, arguments: Any) -> str:
    """Format as ``%`` does, without widths that make a long text from a short one.

    Raises:
        LimitError: A width or a precision is too large.
        UndefinedError: An argument is undefined.
    """
    for found in _SPECIFIER.finditer(template):
        for number in (found["width"], found["precision"]):
            if number == "*" or (number and (len(number) > len(str(_MAX_WIDTH)))):
                raise LimitError(f"%{number} is wider than {_MAX_WIDTH} characters")
    copies = template.count("%")
    if copies * (measure(arguments, strict=True) + _MAX_WIDTH) > MAX_CHARACTERS * 64:
        raise LimitError("formatting makes too long a text")
    result: str = template % arguments
    return _checked(result)


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        _require(len(left) + len(right))
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple) and isinstance(times, int):
            _require(len(sequence) * max(times, 0))
    if isinstance(left, int) and isinstance(right, int):
        _require_bits(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _require_bits(left.bit_length() * max(right, 1))
    return left**right


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise SecurityError("a text cannot be formatted with %; use the filter `format`")
    return left % right


def _require(size: int) -> None:
    if size > MAX_CHARACTERS:
        raise LimitError(f"a value is longer than {MAX_CHARACTERS:,} characters")


def _require_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitError(f"a number has more than {MAX_BITS:,} bits")


def _checked(text: str) -> str:
    _require(len(text))
    return text


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": operator.sub,
    "*": _multiply,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": _modulo,
    "**": _power,
}
