"""What one rendering may use: steps, characters and the size of a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import TemplateRuntimeError

__all__ = [
    "MAX_BITS",
    "MAX_CHARACTERS",
    "MAX_RANGE",
    "MAX_STEPS",
    "LimitError",
    "emit",
    "limited_range",
    "measure",
    "require_size",
    "spend",
    "spending",
]

MAX_STEPS = 1_000_000
"""Loop rounds, calls and list elements that filters look at, together."""
MAX_CHARACTERS = 16 * 1024 * 1024
"""Characters of one text or list, and of all that one rendering puts out."""
MAX_RANGE = 100_000
MAX_BITS = 4096
_SCALAR = 16


class LimitError(TemplateRuntimeError):
    """A template wants more than a rendering may use."""


class _Budget:
    __slots__ = ("characters", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS


_CURRENT: ContextVar[_Budget | None] = ContextVar("promptreg_budget", default=None)


@contextmanager
def spending() -> Iterator[None]:
    """Give what happens inside a budget of its own."""
    token = _CURRENT.set(_Budget())
    try:
        yield
    finally:
        _CURRENT.reset(token)


def spend(steps: int, characters: int = 0) -> None:
    """Take from the budget of the current rendering.

    Raises:
        LimitError: It is used up.
    """
    budget = _CURRENT.get()
    if budget is None:
        return
    budget.steps -= steps
    budget.characters -= characters
    if budget.steps < 0:
        raise LimitError(f"the template takes more than {MAX_STEPS:,} steps")
    if budget.characters < 0:
        raise LimitError(f"the template puts out more than {MAX_CHARACTERS:,} characters")


def emit(value: Any) -> str:
    """Turn a value into the text that is put out, and take it from the budget.

    Raises:
        LimitError: The text is too long.
    """
    if type(value) is str:
        text = value
    else:
        require_size(value, strict=True)
        text = str(value)
    spend(1, len(text))
    return text


def measure(value: Any, limit: int = MAX_CHARACTERS, *, strict: bool = False) -> int:
    """Estimate the characters a value prints as; stop counting beyond the limit.

    Args:
        value: Any value of a template.
        limit: Where to stop.
        strict: Refuse undefined parts, which a list would print as the word Undefined.

    Raises:
        UndefinedError: Under `strict`, a part is undefined.
    """
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        parts: Iterator[Any] = (part for item in value.items() for part in item)
    elif isinstance(value, list | tuple):
        parts = iter(value)
    else:
        if strict and isinstance(value, Undefined):
            str(value)
        return _SCALAR
    total = 2
    for part in parts:
        total += 2 + measure(part, limit - total, strict=strict)
        if total > limit:
            break
    return total


def require_size(value: Any, *, strict: bool = False) -> None:
    """Refuse a value that prints as too long a text.

    Raises:
        LimitError: It does.
        UndefinedError: Under `strict`, a part of it is undefined.
    """
    if measure(value, strict=strict) > MAX_CHARACTERS:
        raise LimitError(f"a value is longer than {MAX_CHARACTERS:,} characters")


def limited_range(*arguments: int) -> range:
    """Return a range, as Python's, of at most `MAX_RANGE` numbers.

    Raises:
        LimitError: It would be longer.
    """
    numbers = range(*arguments)
    # len() overflows where bool() and the arithmetic below do not.
    span = abs(numbers.stop - numbers.start) // abs(numbers.step)
    if numbers and span > MAX_RANGE:
        raise LimitError(f"range() is limited to {MAX_RANGE:,} numbers")
    spend(len(numbers))
    return numbers
