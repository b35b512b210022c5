"""The filters a template may use, each with a bound on what it makes."""

from __future__ import annotations

import functools
import html
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined, pass_context, pass_environment
from jinja2.exceptions import FilterArgumentError

from promptreg.render.sandbox.budget import MAX_CHARACTERS, LimitError, emit, require_size, spend
from promptreg.render.sandbox.operators import percent_format

if TYPE_CHECKING:
    from jinja2.environment import Environment
    from jinja2.runtime import Context

__all__ = ["CONCAT", "FILTERS", "SPEND", "allowed_filters"]

# No template can write these names, so only the rewritten syntax tree uses them.
CONCAT = "~"
SPEND = "#"

_JINJA = frozenset(
    {
        "abs",
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "filesizeformat",
        "first",
        "float",
        "groupby",
        "indent",
        "int",
        "items",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "reverse",
        "round",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "sum",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
        "wordwrap",
    }
)
_OURS = frozenset({"e", "escape", "format", "join", "replace", "tojson"})
FILTERS = _JINJA | _OURS
"""Left out of jinja2's: `attr`, which reaches attributes; `random`, by which a prompt differs from
itself; `safe`, `forceescape`, `striptags`, `urlize` and `xmlattr`, which are for web pages; and
`pprint`."""

# A number these get becomes characters or elements; a text `indent` and `wordwrap` get is repeated.
_SIZED = frozenset({"batch", "center", "indent", "round", "slice", "truncate", "wordwrap"})
_MAX_NUMBER = 10_000
_REPEATING = frozenset({"indent", "wordwrap"})
_Filter = Callable[..., Any]


def allowed_filters(known: Mapping[str, _Filter]) -> dict[str, _Filter]:
    """Return the filters of the sandbox, made of jinja2's own.

    Args:
        known: jinja2's filters by name.
    """
    guarded = {name: _guarded(name, known[name]) for name in sorted(_JINJA)}
    own: dict[str, _Filter] = {
        "e": _escape,
        "escape": _escape,
        "format": _format,
        "join": _join,
        "replace": _replace,
        "tojson": _tojson,
        CONCAT: _concat,
        SPEND: _spend,
    }
    return {**guarded, **own}


def _guarded(name: str, filter_: _Filter) -> _Filter:
    # jinja2 passes a context or an environment first where a filter is marked for it.
    first = 1 if hasattr(filter_, "jinja_pass_arg") else 0

    @functools.wraps(filter_)
    def guard(*args: Any, **kwargs: Any) -> Any:
        value, options = args[first], (*args[first + 1 :], *kwargs.values())
        if isinstance(value, Undefined):
            # It has no size to measure; `default` replaces it and the other filters refuse it.
            spend(1)
        else:
            _charge(value, strict=name == "string")
        if name == "indent" and not isinstance(value, str | Undefined):
            # jinja2 would append to a list in place, which changes the caller's value.
            kind = type(value).__name__
            raise FilterArgumentError(f"the filter indent wants a text, not a value of type {kind}")
        if name in _SIZED:
            _require_small(name, value, options)
        result = filter_(*args, **kwargs)
        if not isinstance(result, Undefined):
            require_size(result)
        return result

    return guard


def _charge(value: Any, *, strict: bool = False) -> None:
    require_size(value, strict=strict)
    if isinstance(value, str):
        spend(1 + len(value) // 1024)
    else:
        spend(1 + (len(value) if hasattr(value, "__len__") else 0))


def _require_small(name: str, value: Any, options: Iterable[Any]) -> None:
    for option in options:
        if isinstance(option, int) and abs(option) > _MAX_NUMBER:
            raise LimitError(f"the filter {name} takes numbers up to {_MAX_NUMBER:,}")
        if name not in _REPEATING:
            continue
        times = option if isinstance(option, int) else len(option) if isinstance(option, str) else 0
        if name == "indent" and (str(value).count("\n") + 1) * abs(times) > MAX_CHARACTERS:
            raise LimitError(f"the filter {name} makes too long a text")
        if name == "wordwrap" and isinstance(option, str):
            _require_small("center", "", (len(option) * (len(str(value)) // 1024),))


def _escape(value: Any) -> str:
    _charge(value)
    return html.escape(str(value))


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    _charge(value)
    return percent_format(str(value), kwargs or args)


@pass_environment
def _join(
    environment: Environment, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> str:
    from jinja2.filters import make_attrgetter

    get = make_attrgetter(environment, attribute) if attribute is not None else lambda item: item
    parts: list[str] = []
    total = 0
    for item in value:
        spend(1)
        require_size(found := get(item))
        parts.append(str(found))
        total += len(parts[-1]) + len(d)
        if total > MAX_CHARACTERS:
            raise LimitError("the filter join makes too long a text")
    return str(d).join(parts)


def _replace(value: Any, old: str, new: str, count: int | None = None) -> str:
    _charge(value)
    text, times = str(value), str(value).count(str(old))
    if len(text) + times * len(str(new)) > MAX_CHARACTERS:
        raise LimitError("the filter replace makes too long a text")
    return text.replace(str(old), str(new), -1 if count is None else count)


def _tojson(value: Any, indent: int | None = None) -> str:
    """Write JSON as a model should read it: no HTML escapes, the order as given."""
    _charge(value)
    if indent is not None:
        _require_small("center", "", (indent * 100,))
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    require_size(text)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a {type(value).__name__} has no JSON")


@pass_context
def _concat(context: Context, *values: Any) -> str:
    del context
    return "".join(emit(value) for value in values)


@pass_context
def _spend(context: Context, steps: int, characters: int) -> str:
    del context
    spend(steps, characters)
    return ""
