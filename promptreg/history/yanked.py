"""`yanked.yaml`: versions that nobody should choose any more, and those that are deleted; pure.

One line a version, sorted, so that it is reviewed and merged like a label::

    summarizer@1.2.0: {reason: "Invents quotes."}
    triage@2.0.0: {reason: "Leaked a customer's name.", deleted: true}
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from promptreg.errors import Location, PromptError
from promptreg.naming import NAME
from promptreg.values import dataclass
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.findings import Finding

__all__ = ["Yank", "Yanks", "lint_yanked", "parse_yanked", "write_yanked", "yanked_path"]

_FIELDS = frozenset({"reason", "deleted"})


@dataclass(frozen=True, slots=True)
class Yank:
    """One version that is withdrawn.

    Attributes:
        name: The prompt.
        version: The version.
        reason: Why.
        deleted: Whether its content is gone for good, so that exact references fail too.
    """

    name: str
    version: Version
    reason: str
    deleted: bool = False

    @property
    def key(self) -> str:
        """The entry's key in the file."""
        return f"{self.name}@{self.version}"


Yanks = Mapping[tuple[str, Version], Yank]


def yanked_path(root: str) -> str:
    """Return the file's path in the repository."""
    return f"{root}/yanked.yaml"


def parse_yanked(data: bytes | None, path: str) -> Yanks:
    """Return the entries by name and version; none where there is no file.

    Raises:
        PromptError: The file is not valid.
    """
    if data is None or not _has_content(data):
        return MappingProxyType({})
    from promptreg.prompt.yamldoc import load

    document = load(data, path)
    found: dict[tuple[str, Version], Yank] = {}
    for key, value in document.value.items():
        yank = _entry(key, value, document.positions.get(f"{key}#key") or Location(path, 1, 1))
        found[yank.name, yank.version] = yank
    return MappingProxyType(found)


def _has_content(data: bytes) -> bool:
    return any(line.strip() and not line.startswith(b"#") for line in data.splitlines())


def _entry(key: str, value: Any, where: Location) -> Yank:
    def wrong(message: str) -> PromptError:
        return PromptError(
            f"{key}: {message}",
            location=where,
            rule="yanked-value",
            fix='write `NAME@VERSION: {reason: "..."}`, with `deleted: true` for a deleted one',
        )

    name, _, text = key.partition("@")
    if not NAME.fullmatch(name):
        raise wrong("must be NAME@VERSION")
    try:
        version = Version.parse(text)
    except PromptError as error:
        raise wrong(error.message) from error
    if not isinstance(value, dict) or value.keys() - _FIELDS:
        raise wrong("must have a reason, and perhaps deleted")
    reason, deleted = value.get("reason"), value.get("deleted", False)
    if not isinstance(reason, str) or not reason.strip() or not isinstance(deleted, bool):
        raise wrong("must have a text as its reason")
    return Yank(name, version, reason, deleted)


def lint_yanked(data: bytes, before: bytes | None, path: str) -> list[Finding]:
    """Return what is wrong with the file: its syntax, its order, and lines that must stay.

    Args:
        data: The file.
        before: The file as the base has it.
        path: Its path, for findings.
    """
    from promptreg.findings import Finding

    try:
        entries = parse_yanked(data, path)
    except PromptError as error:
        location = error.location or Location(path, 1, 1)
        return [Finding(error.rule, "error", error.message, location, fix=error.fix)]
    found = []
    keys = [yank.key for yank in entries.values()]
    if keys != sorted(keys):
        found.append(_finding(path, "the lines must be sorted, or merges make duplicates", "sort"))
    try:
        known = parse_yanked(before, path)
    except PromptError:
        known = {}
    for identity, yank in known.items():
        after = entries.get(identity)
        if yank.deleted and (after is None or not after.deleted):
            message = f"{yank.key} was deleted, and its number must never be used again"
            found.append(_finding(path, message, f"put the line of {yank.key} back"))
    return found


def _finding(path: str, message: str, fix: str) -> Finding:
    from promptreg.findings import Finding

    return Finding("yanked-value", "error", message, Location(path, 1, 1), fix=fix)


def write_yanked(entries: Yanks, data: bytes | None) -> bytes:
    """Return the file, sorted; see `rewritten` for what of the old one stays.

    Args:
        entries: All entries.
        data: The file as it was.
    """
    import json

    from promptreg.history.rewriting import rewritten

    lines = []
    for yank in sorted(entries.values(), key=lambda yank: yank.key):
        deleted = ", deleted: true" if yank.deleted else ""
        reason = json.dumps(yank.reason, ensure_ascii=False)
        lines.append(f"{yank.key}: {{reason: {reason}{deleted}}}\n")
    return rewritten(data, "".join(lines).encode())
