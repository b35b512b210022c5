"""Git conflicts that concern the version and digest lines alone; pure.

Two branches that take one version with different content conflict on these two lines, which is
what the digest line is there for. Their content is decided by `bump` anyway, so a file with no
other conflict needs nobody to resolve it.
"""

from __future__ import annotations

import re

from promptreg.errors import PromptError
from promptreg.versioning.version import Version

__all__ = ["resolve_conflict"]

_EOL = rb"(?:\r\n|\n|\r)"
_KEY = rb"""(?:version|digest|"version"|"digest"|'version'|'digest')"""
_IDENTITY = _KEY + rb"""[ \t]*:[ \t]*["']?[0-9A-Za-z.+-]*["']?[ \t]*(?:\#[^\r\n]*)?""" + _EOL
_SIDE = rb"(?:" + _IDENTITY + rb")*"
_NAME = rb"(?: [^\r\n]*)?"
# Texts, which are compiled when a file has a marker at all: hardly one in a thousand has.
_HUNK = (
    rb"^<{7}" + _NAME + _EOL
    + rb"(?P<ours>" + _SIDE + rb")"
    + rb"(?:\|{7}" + _NAME + _EOL + _SIDE + rb")?"
    + rb"={7}" + _EOL
    + rb"(?P<theirs>" + _SIDE + rb")"
    + rb">{7}" + _NAME + rb"(?:" + _EOL + rb"|\Z)"
)  # fmt: skip
_MARKER = rb"^(?:<{7}|>{7}|\|{7})(?:[ \r\n]|\Z)"
_VERSION = rb"""^["']?version["']?[ \t]*:[ \t]*["']?([0-9A-Za-z.+-]+)"""


def resolve_conflict(data: bytes) -> bytes | None:
    """Resolve a file whose only conflicts are version and digest lines.

    Of each conflict the side with the greater version stays, so that what is written next lies
    above both.

    Args:
        data: The file with git's conflict markers, with or without the base's lines.

    Returns:
        The file without markers; None where it has none, or where a conflict holds anything else.
    """
    if b"<<<<<<<" not in data:
        return None
    resolved, hunks = re.subn(_HUNK, _greater, data, flags=re.MULTILINE)
    return None if not hunks or re.search(_MARKER, resolved, re.MULTILINE) else resolved


def _greater(hunk: re.Match[bytes]) -> bytes:
    ours, theirs = hunk["ours"], hunk["theirs"]
    first, second = _version(ours), _version(theirs)
    if second is not None and (first is None or second > first):
        return theirs
    return ours or theirs


def _version(side: bytes) -> Version | None:
    found = re.search(_VERSION, side, re.MULTILINE)
    try:
        return Version.parse(found[1].decode("ascii")) if found else None
    except PromptError:
        return None
