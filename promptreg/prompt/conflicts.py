"""Git conflicts that concern the version and digest lines; pure.

Two branches that take one version with different content conflict on these two lines, which is
what the digest line is there for. Their content is decided by `bump` anyway, so a file whose
conflicts hold nothing else that both sides changed needs nobody to resolve it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from promptreg.errors import PromptError
from promptreg.values import dataclass
from promptreg.versioning.version import Version

__all__ = ["Base", "Hunk", "conflict_line", "open_conflicts", "resolve_conflict", "split_conflicts"]

# Texts, which are compiled when a file has a marker at all: hardly one in a thousand has.
_LINE = rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z"
_MARKER = rb"(?:<{7}|\|{7}|>{7})(?: [^\r\n]*)?(?:\r\n|\n|\r)?|={7}(?:\r\n|\n|\r)"
_KEY = rb"""(?:version|digest|"version"|"digest"|'version'|'digest')"""
_IDENTITY = _KEY + rb"""[ \t]*:[ \t]*["']?[0-9A-Za-z.+-]*["']?[ \t]*(?:\#[^\r\n]*)?[\r\n]*"""
_VERSION = rb"""^["']?version["']?[ \t]*:[ \t]*["']?([0-9A-Za-z.+-]+)"""

Base: TypeAlias = Callable[["Hunk"], bytes | None]
"""Tells what stood in a hunk's place before either side changed it; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One conflict.

    Attributes:
        first: The line of its first marker, from 1.
        last: The line of its last marker.
        ours: The lines of the current side.
        theirs: The lines of the other side.
        base: The lines before both, where git wrote them.
    """

    first: int
    last: int
    ours: bytes
    theirs: bytes
    base: bytes | None = None


def split_conflicts(data: bytes) -> list[bytes | Hunk] | None:
    """Return the lines and conflicts of a file in order; None where its markers do not pair."""
    parts: list[bytes | Hunk] = []
    sides: dict[bytes, list[bytes]] = {}
    order, first = b"", 0
    for number, line in enumerate(re.findall(_LINE, data), 1):
        kind = line[:1] if re.fullmatch(_MARKER, line) else b""
        if not kind or (kind == b"=" and not order):
            # Outside of conflicts a line of seven equals signs is a text like any other.
            (sides[order[-1:]] if order else parts).append(line)
            continue
        order += kind
        if order not in (b"<", b"<|", b"<=", b"<|=", b"<=>", b"<|=>"):
            return None
        if kind == b"<":
            first = number
        if kind != b">":
            sides[kind] = []
            continue
        ours, theirs = b"".join(sides[b"<"]), b"".join(sides[b"="])
        base = b"".join(sides[b"|"]) if b"|" in sides else None
        parts.append(Hunk(first, number, ours, theirs, base))
        order, sides = b"", {}
    return None if order else parts


def conflict_line(text: str) -> int | None:
    """Return the line of the first whole conflict in a fragment; None where there is none."""
    if "<<<<<<<" not in text:
        return None
    parts = split_conflicts(text.encode()) or []
    return next((part.first for part in parts if isinstance(part, Hunk)), None)


def resolve_conflict(data: bytes, base_of: Base = lambda hunk: hunk.base) -> bytes | None:
    """Resolve a file whose conflicts are those of version and digest lines.

    Of each conflict the greater version stays, so that what is written next lies above both. The
    lines beside it are merged as git merges: the side that changed them wins, and where both did
    so differently nothing is resolved.

    Args:
        data: The file with git's conflict markers, with or without the base's lines.
        base_of: Tells the lines before both sides.

    Returns:
        The file without markers; None where it has none, or where a conflict is left.
    """
    if b"<<<<<<<" not in data:
        return None
    parts = split_conflicts(data) or []
    if not any(isinstance(part, Hunk) for part in parts):
        return None
    resolved = [p if isinstance(p, bytes) else _resolved(p, base_of) for p in parts]
    return None if None in resolved else b"".join(part or b"" for part in resolved)


def open_conflicts(data: bytes, base_of: Base = lambda hunk: hunk.base) -> Iterator[Hunk]:
    """Yield the conflicts that only a person can resolve."""
    for part in split_conflicts(data) or ():
        if isinstance(part, Hunk) and _resolved(part, base_of) is None:
            yield part


def _resolved(hunk: Hunk, base_of: Base) -> bytes | None:
    (ours, my_rest), (theirs, their_rest) = _parted(hunk.ours), _parted(hunk.theirs)
    if not ours and not theirs:
        return None
    first, second = _version(ours), _version(theirs)
    later = second is not None and (first is None or second > first)
    kept = theirs if later else ours or theirs
    if _plain(my_rest) == _plain(their_rest):
        return hunk.theirs if kept is theirs else hunk.ours
    base = base_of(hunk)
    if base is None:
        return None
    before = _plain(_parted(base)[1])
    if _plain(my_rest) == before:
        return _with_identity(hunk.theirs, kept)
    if _plain(their_rest) == before:
        return _with_identity(hunk.ours, kept)
    return None


def _parted(side: bytes) -> tuple[bytes, bytes]:
    """Return the version and digest lines of a side, and its other lines."""
    lines = re.findall(_LINE, side)
    identity = [line for line in lines if re.fullmatch(_IDENTITY, line)]
    return b"".join(identity), b"".join(line for line in lines if line not in identity)


def _with_identity(side: bytes, identity: bytes) -> bytes:
    """Return a side with other version and digest lines, where its own stood, or first."""
    lines = re.findall(_LINE, side)
    own = [number for number, line in enumerate(lines) if re.fullmatch(_IDENTITY, line)]
    rest = [b"" if number in own else line for number, line in enumerate(lines)]
    rest.insert(own[0] if own else 0, identity)
    return b"".join(rest)


def _plain(lines: bytes) -> bytes:
    return lines.replace(b"\r\n", b"\n")


def _version(side: bytes) -> Version | None:
    found = re.search(_VERSION, side, re.MULTILINE)
    try:
        return Version.parse(found[1].decode("ascii")) if found else None
    except PromptError:
        return None
