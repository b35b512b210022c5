"""Rows that say too little: their version and digest are found where the prompt is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError, NotFoundError, PromptError, RepositoryError
from promptreg.naming import NAME
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["RowCompleter"]

_Identity = tuple[str, str]


class RowCompleter:
    """Fills in the digest of rows, and the version of those that have none.

    The gate compares contents, and only a released version has a tag that tells its digest; that of
    an unreleased one is in the working file, or at HEAD.

    Args:
        registry: Where the prompts are.
        head: Whether the rows were made with HEAD's content, as those of a pull request's
            evaluation are: then what claims HEAD's version is HEAD's, released or not.
        strict: Whether to refuse versions that were never released.
    """

    def __init__(self, registry: Registry, *, head: bool = False, strict: bool = False) -> None:
        self._registry = registry
        self._head = head
        self._strict = strict
        self._untagged: dict[tuple[str, str], _Identity | None] = {}
        self._released: dict[_Identity, str | None] = {}

    def complete(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row with what could be found; one that has a digest stays as it is.

        Raises:
            MetricsError: It is about a version that was never released, and that is not allowed;
                or its prompt is no name.
        """
        name, version = str(row.get("prompt") or ""), str(row.get("version") or "")
        if name and not NAME.fullmatch(name):
            raise MetricsError(
                f"{name!r} is not a prompt name",
                fix="names are lower case with digits, - and _, folders separated by /",
            )
        released = self._digest(name, version) if version else None
        if self._strict and released is None:
            raise MetricsError(f"{name}@{version or 'no version'} was never released")
        if row.get("digest") or not name:
            return row
        places = ("HEAD",) if self._head else ("worktree", "HEAD")
        if self._head or released is None:
            for place in places:
                found = self._at(name, place)
                if found is not None and version in {"", found[0]}:
                    return row | {"version": found[0], "digest": found[1]}
        return row if released is None else row | {"digest": released}

    def _digest(self, name: str, version: str) -> str | None:
        key = (name, version)
        if key not in self._released:
            try:
                release = self._registry.tags.release(name, Version.parse(version))
                self._released[key] = release.digest
            except (NotFoundError, PromptError):
                self._released[key] = None
        return self._released[key]

    def _at(self, name: str, place: str) -> _Identity | None:
        """Return version and digest of a prompt in the working tree or at HEAD."""
        key = (name, place)
        if key not in self._untagged:
            try:
                found = self._registry.resolve(f"{name}@{place}")
                stated = found.content.prompt.version or found.version
                self._untagged[key] = (str(stated), found.content.digest)
            except (NotFoundError, PromptError, RepositoryError):
                self._untagged[key] = None
        return self._untagged[key]
