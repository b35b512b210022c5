"""Setting labels: a file is planned, and the commit stays with the person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from promptreg.errors import ConflictError, NotFoundError
from promptreg.history.labels import label_path, parse_label, write_label
from promptreg.history.rewriting import rewritten
from promptreg.operations.clashing import require_portable
from promptreg.operations.planning import Step, WriteFile
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git import Commit
    from promptreg.git.model import TreeEntry
    from promptreg.registry import Registry
    from promptreg.versioning import Version
    from promptreg.versioning.references import Reference

__all__ = [
    "LabelChange",
    "LabelDifference",
    "LabelEvent",
    "compare_labels",
    "label_history",
    "label_steps",
    "plan_label",
    "plan_unlabel",
]


@dataclass(frozen=True, slots=True)
class LabelChange:
    """What becomes of one label's entry.

    Attributes:
        label: The label.
        path: Its file.
        name: The prompt.
        before: The version it names; None where it names none.
        after: The version it will name.
        steps: What brings that about; nothing where it is so already.
    """

    label: str
    path: str
    name: str
    before: Version | None
    after: Version | None
    steps: tuple[Step, ...] = ()

    def as_json(self) -> dict[str, str | None]:
        """Return the change as JSON types."""
        return {
            "label": self.label,
            "path": self.path,
            "prompt": self.name,
            "before": str(self.before) if self.before else None,
            "after": str(self.after) if self.after else None,
        }


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """A commit that moved a label."""

    when: datetime
    author: str
    commit: str
    name: str
    before: Version | None
    after: Version | None


@dataclass(frozen=True, slots=True)
class LabelDifference:
    """A prompt for which two labels differ; None where a label does not name it."""

    name: str
    left: Version | None
    right: Version | None


def compare_labels(registry: Registry, left: str, right: str) -> list[LabelDifference]:
    """Return the prompts for which two labels name different versions, as committed.

    Raises:
        NotFoundError: There is no such label.
    """
    a, b = registry.label(left), registry.label(right)
    return [
        LabelDifference(name, a.get(name), b.get(name))
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    ]


def plan_label(registry: Registry, label: str, reference: Reference) -> LabelChange:
    """Plan to let a label name a released version, in the work tree.

    Args:
        registry: The registry.
        label: The label; its file is made if there is none.
        reference: A version, range or label of a prompt; only what has a tag can be served.

    Raises:
        NotFoundError: The version has no tag.
        ConflictError: It is yanked.
        PromptError: The label's name or its file is wrong.
    """
    resolved, name = registry.resolve(str(reference)), reference.name
    yank = registry.yanks_of(name).get(resolved.version)
    if yank is not None:
        raise ConflictError(
            f"{name} {resolved.version} is yanked: {yank.reason}",
            fix=f"choose another of promptreg versions {name}, or promptreg yank {yank.key} --undo",
        )
    if resolved.release is None:
        raise NotFoundError(
            f"{reference} has no tag, so no label may name it",
            fix="merge it and run promptreg release first",
        )
    return _change(registry, label, name, resolved.version)


def plan_unlabel(registry: Registry, label: str, name: str) -> LabelChange:
    """Plan to remove a prompt from a label, in the work tree.

    Raises:
        NotFoundError: The label does not name the prompt.
    """
    entries = _entries(registry, label)
    if not entries:
        registry.label(label)  # a label that there is not is a slip of another kind
    if name not in entries:
        raise NotFoundError(
            f"label {label} names no version of {name}", fix=f"promptreg label list {label}"
        )
    return _change(registry, label, name, None)


def _entries(registry: Registry, label: str) -> Mapping[str, Version]:
    path = label_path(registry.config.root, label)
    return parse_label(registry.worktree.read(path) or b"", path)


def _change(registry: Registry, label: str, name: str, version: Version | None) -> LabelChange:
    path = label_path(registry.config.root, label)
    entries = dict(_entries(registry, label))
    before = entries.pop(name, None)
    if version is not None:
        entries[name] = version
    note = f"{name} {before or 'nothing'} -> {version or 'nothing'}"
    steps = label_steps(registry, path, entries, note) if before != version else ()
    return LabelChange(label, path, name, before, version, steps)


def label_steps(
    registry: Registry, path: str, entries: Mapping[str, Version], note: str
) -> tuple[Step, ...]:
    """Return what writes a label's file; the comments at its head and its line ends stay.

    Args:
        registry: The registry.
        path: The file.
        entries: What the label names.
        note: What a person should know of it.

    Raises:
        PromptError: The file is new and Windows could not have it.
    """
    data = registry.worktree.read(path)
    if data is None:
        require_portable(path.rpartition("/")[2])
    return (WriteFile(path, data, rewritten(data, write_label(entries)), note),)


def label_history(registry: Registry, label: str, name: str | None = None) -> list[LabelEvent]:
    """Return the commits that moved a label, newest first, along first parents.

    Args:
        registry: The registry.
        label: The label.
        name: Only this prompt.

    Raises:
        NotFoundError: There is no such label, and never was.
    """
    repository, path = registry.repository, label_path(registry.config.root, label)
    events: list[LabelEvent] = []
    for commit in _commits_of(registry, path):
        parent = commit.parents[0] if commit.parents else None
        if commit.oid in repository.shallow_commits:
            parent = None
        after = parse_label(repository.file_at(commit.oid, path) or b"", path)
        before = parse_label(repository.file_at(parent, path) or b"", path) if parent else {}
        events.extend(
            LabelEvent(
                commit.committer.when,
                commit.author.name,
                commit.oid,
                prompt,
                before.get(prompt),
                after.get(prompt),
            )
            for prompt in sorted(before.keys() | after.keys())
            if before.get(prompt) != after.get(prompt) and name in (None, prompt)
        )
    if not events:
        registry.label(label)
    return events


def _commits_of(registry: Registry, path: str) -> Iterator[Commit]:
    """Yield the commits of the first-parent history that changed a file, newest first."""
    from promptreg.git.process import has_git, run_git

    repository = registry.repository
    head = repository.head.oid
    if head is None:
        return
    if has_git():
        # The program skips a commit in microseconds; with no program each tree is read here.
        pathspec = f":(top,literal){path}"
        listed = run_git(
            repository.paths.git_dir, "log", "--first-parent", "--format=%H", head, "--", pathspec
        )
        yield from (repository.commit(oid.decode()) for oid in listed.split())
        return
    newer: tuple[Commit, TreeEntry | None] | None = None
    for commit in repository.first_parents(head):
        entry = repository.entry_at(commit.oid, path)
        if newer is not None and newer[1] != entry:
            yield newer[0]
        newer = commit, entry
    if newer is not None and newer[1] is not None:
        yield newer[0]
