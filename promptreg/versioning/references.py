"""How people name one version: ``name@1.2.0``, ``name@^1``, ``name@production``; pure."""

from __future__ import annotations

from enum import Enum

from promptreg.errors import ConfigError, PromptError
from promptreg.naming import LABEL, NAME, RESERVED_LABELS
from promptreg.values import dataclass
from promptreg.versioning.version import Version

__all__ = ["Reference", "ReferenceKind", "parse_reference"]


class ReferenceKind(Enum):
    """What the part behind the name means; never another than the one written."""

    LATEST = "latest"
    VERSION = "version"
    RANGE = "range"
    LABEL = "label"
    COMMIT = "commit"
    BRANCH = "branch"
    WORKTREE = "worktree"


@dataclass(frozen=True, slots=True)
class Reference:
    """A prompt's name and which of its versions is meant.

    Attributes:
        name: The prompt's name.
        kind: What `value` means.
        value: The version, range, label, commit or branch; empty for latest and worktree.
    """

    name: str
    kind: ReferenceKind = ReferenceKind.LATEST
    value: str = ""

    def __str__(self) -> str:
        match self.kind:
            case ReferenceKind.LATEST:
                return self.name
            case ReferenceKind.WORKTREE:
                return f"{self.name}@worktree"
            case ReferenceKind.BRANCH:
                return f"{self.name}@branch:{self.value}"
            case ReferenceKind.COMMIT if not self.value.startswith("HEAD"):
                return f"{self.name}@commit:{self.value}"
            case _:
                return f"{self.name}@{self.value}"


_PREFIXES = {"branch": ReferenceKind.BRANCH, "commit": ReferenceKind.COMMIT}


def parse_reference(text: str, selector: str | None = None) -> Reference:
    """Read a reference.

    Args:
        text: ``NAME`` or ``NAME@REF``.
        selector: ``REF``, when it was given apart.

    Raises:
        ConfigError: The text is no reference.
    """
    name, at, inner = text.partition("@")
    if at and selector is not None:
        raise ConfigError(f"{text!r} and {selector!r} both choose a version", fix="give one")
    chosen = inner if at else selector
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is not a prompt name",
            fix="names are lower case with digits, - and _, folders separated by /",
        )
    if chosen is None or chosen == "latest":
        return Reference(name)
    kind, value = _selector(chosen)
    return Reference(name, kind, value)


def _selector(text: str) -> tuple[ReferenceKind, str]:
    prefix, colon, rest = text.partition(":")
    if text == "worktree":
        return ReferenceKind.WORKTREE, ""
    if colon and rest and prefix in _PREFIXES:
        return _PREFIXES[prefix], rest
    if text.upper() == "HEAD" or text.startswith(("HEAD~", "HEAD^")):
        return ReferenceKind.COMMIT, "HEAD" if text.upper() == "HEAD" else text
    if _is_version(text):
        return ReferenceKind.VERSION, text
    from promptreg.versioning.ranges import is_range

    if is_range(text):
        return ReferenceKind.RANGE, text
    if LABEL.fullmatch(text) and text not in RESERVED_LABELS:
        return ReferenceKind.LABEL, text
    raise ConfigError(
        f"{text!r} is neither a version, a range nor a label",
        fix="use 1.2.0, ^1.2, production, HEAD, branch:NAME, commit:ID or worktree",
    )


def _is_version(text: str) -> bool:
    try:
        Version.parse(text)
    except PromptError:
        return False
    return True
