"""Version ranges as npm's users write them: ``^1.2``, ``~1.2.3``, ``1.x``, ``>=1.2,<2``; pure.

The rules are those of node-semver: a pre-release is inside a range only if the range itself names a
pre-release of the same core, so nobody gets a release candidate by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from promptreg.errors import PromptError
from promptreg.values import dataclass, replace
from promptreg.versioning.version import Level, Version

__all__ = ["Range", "is_range"]

_PART = r"(?:0|[1-9][0-9]{0,8}|[xX*])"
_COMPARATOR = re.compile(
    rf"(?P<op>\^|~|>=|<=|>|<|=)?\s*v?(?P<major>{_PART})"
    rf"(?:\.(?P<minor>{_PART})(?:\.(?P<patch>{_PART})(?:-(?P<pre>[0-9A-Za-z.-]+))?)?)?"
)
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_SEPARATOR = re.compile(r"\s*,\s*|\s+")
_FULL = 3
_OPERATOR_GAP = re.compile(r"(\^|~|>=|<=|>|<|=)\s+")
# The lowest pre-release of a core: a bound `<2.0.0-0` keeps 2.0.0-rc.1 out of `^1.2`.
_BELOW = "0"
_LOWEST = Version(0, 0, 0, _BELOW)


@dataclass(frozen=True, slots=True)
class _Span:
    """From `low` up to `high`, which belong to it where they are closed; no `high` is no end.

    Attributes:
        named: The core whose pre-releases the range names and therefore lets in.
    """

    low: Version = _LOWEST
    high: Version | None = None
    low_closed: bool = True
    high_closed: bool = False
    named: Version | None = None

    def holds(self, version: Version) -> bool:
        if version < self.low or (version == self.low and not self.low_closed):
            return False
        if self.high is None or version < self.high:
            return True
        return self.high_closed and version == self.high


_NOTHING = _Span(high=_LOWEST)


@dataclass(frozen=True, slots=True)
class Range:
    """A set of versions.

    Attributes:
        text: As the user wrote it.
    """

    text: str
    _alternatives: tuple[tuple[_Span, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read a range: comparators joined by comma or blank are all to hold, ``||`` means or.

        Raises:
            PromptError: The text is not a range.
        """
        return cls(text, tuple(_conjunction(part, text) for part in text.split("||")))

    def __contains__(self, version: Version) -> bool:
        return any(_all_hold(spans, version) for spans in self._alternatives)

    def matching(self, versions: Iterable[Version]) -> list[Version]:
        """Return the versions inside the range, lowest first."""
        return sorted(version for version in versions if version in self)

    def best(self, versions: Iterable[Version]) -> Version | None:
        """Return the greatest version inside the range; None when there is none."""
        return max((version for version in versions if version in self), default=None)

    def __str__(self) -> str:
        return self.text


def is_range(text: str) -> bool:
    """Tell whether a text is a range and neither one exact version nor something else."""
    try:
        Version.parse(text)
    except PromptError:
        pass
    else:
        return False
    try:
        Range.parse(text)
    except PromptError:
        return False
    return True


def _all_hold(spans: tuple[_Span, ...], version: Version) -> bool:
    if version.prerelease and version.core not in {span.named for span in spans}:
        return False
    return all(span.holds(version) for span in spans)


def _conjunction(text: str, whole: str) -> tuple[_Span, ...]:
    if hyphen := _HYPHEN.fullmatch(text):
        return (_span(f">={hyphen[1]}", whole), _span(f"<={hyphen[2]}", whole))
    parts = _SEPARATOR.split(_OPERATOR_GAP.sub(r"\1", text.strip()))
    return tuple(_span(part, whole) for part in parts)


def _span(text: str, whole: str) -> _Span:
    found = _COMPARATOR.fullmatch(text)
    if found is None:
        raise _not_a_range(whole)
    given: list[int] = []
    for part in (found["major"], found["minor"], found["patch"]):
        if part is None or not part.isdigit():
            break
        given.append(int(part))
    major, minor, patch = (*given, 0, 0, 0)[:3]
    low = Version(major, minor, patch)
    if pre := found["pre"]:
        if len(given) < _FULL:
            raise _not_a_range(whole)
        low = Version.parse(f"{low}-{pre}")
    return _bounded(found["op"] or "=", low, len(given))


def _bounded(operator: str, low: Version, given: int) -> _Span:
    """Turn an operator and a version of which `given` numbers were written into a span."""
    named = low.core if low.prerelease else None
    full = given == _FULL
    if given == 0:
        return _NOTHING if operator in {"<", ">"} else _Span()
    match operator:
        case ">" | ">=":
            span = _from(low, given, closed=operator == ">=")
        case "<" | "<=":
            span = _until(low, given, closed=operator == "<=")
        case "^":
            span = _Span(low, _below(_caret(low, given)))
        case "~":
            span = _Span(low, _below(_after(low, min(given, 2))))
        case _ if full:
            span = _Span(low, low, high_closed=True)
        case _:
            span = _Span(low, _below(_after(low, given)))
    return replace(span, named=named)


def _from(low: Version, given: int, *, closed: bool) -> _Span:
    # `>1.2` begins after all of 1.2.x, `>1.2.3` right behind 1.2.3.
    if closed or given == _FULL:
        return _Span(low, low_closed=closed)
    return _Span(_after(low, given))


def _until(high: Version, given: int, *, closed: bool) -> _Span:
    if given == _FULL:
        return _Span(high=high, high_closed=closed)
    return _Span(high=_below(_after(high, given) if closed else high))


def _after(version: Version, given: int) -> Version:
    """Return the first version beyond all that begin with the `given` numbers."""
    return version.bump({1: Level.MAJOR, 2: Level.MINOR, 3: Level.PATCH}[given])


def _caret(version: Version, given: int) -> Version:
    """Return the first version that may break a caller; below 1.0.0 each step may."""
    if version.major or given == 1:
        return _after(version, 1)
    if version.minor or given == 2:  # noqa: PLR2004 - two numbers were written
        return _after(version, 2)
    return _after(version, 3)


def _below(version: Version) -> Version:
    return Version(version.major, version.minor, version.patch, _BELOW)


def _not_a_range(text: str) -> PromptError:
    return PromptError(
        f"{text[:80]!r} is not a version range",
        fix="write it as ^1.2, ~1.2.3, 1.x or >=1.2,<2",
        rule="invalid-range",
    )
