"""`status`: what is changed, not released, live and behind."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptreg.errors import NotFoundError, PromptError
from promptreg.git.model import blob_ids
from promptreg.naming import NAME
from promptreg.prompt.content import content_of
from promptreg.values import dataclass, field

if TYPE_CHECKING:
    from promptreg.history.tags import Release
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["LabelStatus", "PromptState", "PromptStatus", "Status", "read_status"]


class PromptState(StrEnum):
    """What a prompt file waits for."""

    BROKEN = "broken"
    NEW = "new"
    CHANGED = "changed"
    UNRELEASED = "unreleased"
    RELEASED = "released"
    DELETED = "deleted"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class PromptStatus:
    """How one prompt stands.

    Attributes:
        name: The prompt's name.
        path: Its file, or where it was.
        state: What it waits for.
        version: The version its file states.
        latest: The greatest stable release.
        committed: Whether HEAD has the file just so.
        merged: Whether the release branch has the file just so.
        note: What a person should know.
    """

    name: str
    path: str
    state: PromptState
    version: Version | None = None
    latest: Version | None = None
    committed: bool = True
    merged: bool = True
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "prompt": self.name,
            "path": self.path,
            "state": self.state.value,
            "version": str(self.version) if self.version else None,
            "latest": str(self.latest) if self.latest else None,
            "committed": self.committed,
            "merged": self.merged,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class LabelStatus:
    """What one label serves, and which of that is behind.

    Attributes:
        label: The label.
        versions: The version of each prompt it names.
        behind: For the prompts with a greater stable release: that release.
        missing: Prompts whose named version has no tag here.
        yanked: Why the named version of a prompt was withdrawn, where it was.
    """

    label: str
    versions: Mapping[str, Version]
    behind: Mapping[str, Version]
    missing: tuple[str, ...]
    yanked: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "label": self.label,
            "versions": {name: str(version) for name, version in self.versions.items()},
            "behind": {name: str(version) for name, version in self.behind.items()},
            "missing": list(self.missing),
            "yanked": dict(self.yanked),
        }


@dataclass(frozen=True, slots=True)
class Status:
    """How a registry stands.

    Attributes:
        branch: What is checked out; None for a detached HEAD.
        release_branch: The branch that versions are released from; None if there is none.
        prompts: Every prompt, by name.
        labels: Every label, by name.
        is_bare: Whether there is no work tree, so that HEAD's commit is told of.
    """

    branch: str | None
    release_branch: str | None
    prompts: tuple[PromptStatus, ...]
    labels: tuple[LabelStatus, ...]
    is_bare: bool = False

    def of(self, *states: PromptState) -> tuple[PromptStatus, ...]:
        """Return the prompts in some states."""
        return tuple(prompt for prompt in self.prompts if prompt.state in states)


def read_status(registry: Registry) -> Status:
    """Say how every prompt of the work tree, or of HEAD where there is none, and label stands."""
    from promptreg.history.branches import release_ref

    repository = registry.repository
    ref = release_ref(repository, registry.config.release_branches)
    reader = _Reader(registry, registry.release_commit())
    return Status(
        branch=repository.head.branch,
        release_branch=_short(ref) if ref else None,
        prompts=tuple(reader.prompts()),
        labels=tuple(_label(registry, label) for label in registry.label_names()),
        is_bare=repository.paths.work_tree is None,
    )


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")


class _Reader:
    """Reads each file once, and parses only those that no tag or commit knows by their bytes."""

    def __init__(self, registry: Registry, merged: str | None) -> None:
        self.registry, self.files = registry, registry.files
        repository, root = registry.repository, registry.config.root
        head = repository.head.oid
        self.head = repository.files_at(head, root) if head else {}
        self.merged = repository.files_at(merged, root) if merged else {}

    def prompts(self) -> list[PromptStatus]:
        layout = self.registry.config.layout
        found = {
            name: self._one(name, path) for name, path in self.registry.paths(self.files).items()
        }
        for path in self.head:
            name = layout.name_of(path)
            if name is not None and NAME.fullmatch(name) and name not in found:
                found[name] = self._gone(name, path)
        return [found[name] for name in sorted(found)]

    def _gone(self, name: str, path: str) -> PromptStatus:
        """Tell a prompt that somebody deleted from one that is only not checked out."""
        latest, staged = self._latest(name), self.registry.repository.left_out.get(path)
        if staged is None:
            state, committed, merged = PromptState.DELETED, False, False
        else:
            state = PromptState.LEFT_OUT
            committed, merged = self.head[path] == staged, self.merged.get(path) == staged
        return PromptStatus(name, path, state, None, latest, committed, merged)

    def _latest(self, name: str) -> Version | None:
        return self.registry.latest(name)

    def _one(self, name: str, path: str) -> PromptStatus:
        data = self.files.read(path) or b""
        oids = blob_ids(data)
        committed, merged = self.head.get(path) in oids, self.merged.get(path) in oids
        self.registry.tags.lineage(name, edited=not committed)
        latest = self._latest(name)
        state, version, note = self._state(name, path, data, oids)
        if not committed and state is not PromptState.BROKEN:
            lost = self._forgotten(name, path, data)
            state, note = (PromptState.BROKEN, lost) if lost else (state, note)
        return PromptStatus(name, path, state, version, latest, committed, merged, note)

    def _state(
        self, name: str, path: str, data: bytes, oids: frozenset[str]
    ) -> tuple[PromptState, Version | None, str]:
        from promptreg.queries.listing import claimed_version

        claimed = claimed_version(data, path)
        release = self._release(name, claimed) if claimed is not None else None
        # Where the tag recorded the very bytes, nothing needs to be parsed.
        if release and release.trailers.blob in oids and not release.trailers.includes:
            return PromptState.RELEASED, release.version, ""
        return self._parsed(name, path, data)

    def _parsed(self, name: str, path: str, data: bytes) -> tuple[PromptState, Version | None, str]:
        registry = self.registry
        try:
            content = content_of(data, path, self.files, registry.config.layout)
        except PromptError as error:
            return PromptState.BROKEN, None, f"{error.location or path}: {error.message}"
        version = content.prompt.version
        if version is None:
            return PromptState.NEW, None, ""
        if not content.states_its_digest:
            return PromptState.CHANGED, version, ""
        if version not in registry.tags.versions(name):
            return PromptState.UNRELEASED, version, ""
        release = self._release(name, str(version))
        if release is not None and release.digest == content.digest:
            return PromptState.RELEASED, version, ""
        return PromptState.CHANGED, version, f"{version} is released with other content"

    def _forgotten(self, name: str, path: str, data: bytes) -> str:
        """Return what is wrong where an edit takes former names away; empty if none does."""
        before = self.registry.repository.blob(self.head[path]) if path in self.head else None
        if before is None or b"formerly" not in before:
            return ""
        from promptreg.operations.forgetting import find_forgotten
        from promptreg.prompt.parsing import parse_prompt

        found = find_forgotten(self.registry, parse_prompt(data, path, name), before)
        return f"{found[0].location}: {found[0].message}" if found else ""

    def _release(self, name: str, version: str) -> Release | None:
        from promptreg.versioning import Version

        try:
            return self.registry.tags.release(name, Version.parse(version))
        except (NotFoundError, PromptError):
            return None


def _label(registry: Registry, label: str) -> LabelStatus:
    versions = registry.label(label)
    behind: dict[str, Version] = {}
    missing = []
    for name, version in versions.items():
        known = registry.tags.versions(name)
        latest = registry.latest(name)
        if version not in known:
            missing.append(name)
        if latest is not None and latest > version:
            behind[name] = latest
    yanked = {
        name: yank.reason
        for name, version in versions.items()
        if (yank := registry.yanks_of(name).get(version)) is not None
    }
    return LabelStatus(label, versions, behind, tuple(missing), yanked)
