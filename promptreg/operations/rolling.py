"""`rollback`: an older content as a new version, or a label set back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, NotFoundError, RepositoryError
from promptreg.history.formerly import former_names_in, set_formerly
from promptreg.history.labels import label_path
from promptreg.operations.bumping import BumpRequest, BumpResult, plan_bumps
from promptreg.operations.labelling import LabelChange, label_history, plan_label
from promptreg.operations.planning import RunGit, Step, WriteFile
from promptreg.prompt.splice import set_version_and_digest
from promptreg.prompt.yamldoc import load
from promptreg.sources import OverlaySource
from promptreg.values import dataclass, replace
from promptreg.versioning import Version
from promptreg.versioning.references import parse_reference

if TYPE_CHECKING:
    from promptreg.prompt.content import Content
    from promptreg.registry import Registry

__all__ = [
    "RolledBack",
    "plan_label_rollback",
    "plan_rollback",
    "previous_version",
    "with_push",
]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback does.

    Attributes:
        path: The prompt's file.
        restored: The version whose content it has.
        bumped: The new version of it, then those of the prompts that share restored fragments.
        fragments: The fragments that are restored.
        steps: What brings that about.
    """

    path: str
    restored: Version
    bumped: tuple[BumpResult, ...]
    fragments: tuple[str, ...]
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "path": self.path,
            "restored": str(self.restored),
            "fragments": list(self.fragments),
            "bumped": [
                {"prompt": each.name, "path": each.path, "version": str(each.plan.version)}
                for each in self.bumped
            ],
        }


def plan_rollback(
    registry: Registry, name: str, selector: str, *, with_fragments: bool = False
) -> RolledBack:
    """Plan to write the content of an older version back, under the next free version.

    Args:
        registry: The registry.
        name: The prompt.
        selector: The version, or a range or label that names it.
        with_fragments: Restore the fragments it included too, which other prompts may share.

    Raises:
        NotFoundError: There is no such version.
        ConflictError: The file has edits that would be lost, has that content already, or a
            fragment changed since.
    """
    resolved = registry.resolve(name, selector)
    content = resolved.content
    path = _path(registry, name)
    _require_committed(registry, path)
    current = registry.worktree.read(path)
    fragments = _changed_fragments(registry, content)
    if fragments and not with_fragments:
        raise ConflictError(
            f"{name} {resolved.version} included {', '.join(fragments)}, which changed since",
            fix=f"promptreg rollback {name} {selector} --with-fragments, which other prompts share",
        )
    restored = _with_current_identity(registry, name, path, content, current)
    if current is not None and not fragments:
        now = registry.resolve(name, "worktree").content
        if now.digest == content.digest:
            raise ConflictError(f"{path} has the content of {resolved.version} already")
    changes = {path: restored}
    for include in fragments:
        fragment = registry.config.layout.fragment(include)
        _require_committed(registry, fragment)
        changes[fragment] = content.includes[include].encode()
    overlay = OverlaySource(registry.worktree, changes)
    bumped = [r for r in plan_bumps(registry, list(changes), BumpRequest(), overlay) if r.wrote]
    final = {**changes, **{r.path: r.step.after for r in bumped if r.step and r.step.after}}
    notes = dict.fromkeys(changes, f"content of {resolved.version}")
    notes |= {r.path: f"{r.plan.version}, {notes.get(r.path, 'its fragment')}" for r in bumped}
    steps = tuple(
        WriteFile(each, registry.worktree.read(each), data, notes[each])
        for each, data in final.items()
    )
    return RolledBack(path, resolved.version, tuple(bumped), tuple(fragments), steps)


def _path(registry: Registry, name: str) -> str:
    """Return a prompt's file; where it is not checked out HEAD's, and a new one's without any."""
    repository, layout = registry.repository, registry.config.layout
    if found := registry.paths().get(name):
        return found
    head, candidates = repository.head.oid, layout.candidates(name)
    at_head = (path for path in candidates if head and repository.entry_at(head, path))
    return next(at_head, f"{layout.root}/{name}.prompt.yml")


def _with_current_identity(
    registry: Registry, name: str, path: str, content: Content, current: bytes | None
) -> bytes:
    """Return the old bytes with the version they follow now and the former names of today."""
    version = max(registry.tags.versions(name))
    data = content.data
    if current is not None:
        document = load(current, path)
        own = document.value.get("version")
        version = max(version, Version.parse(own)) if isinstance(own, str) else version
        data = set_formerly(data, path, former_names_in(document.value.get("formerly")))
    return set_version_and_digest(data, path, version=str(version), digest=content.short_digest)


def _changed_fragments(registry: Registry, content: Content) -> list[str]:
    from promptreg.prompt.digest import normalize_fragment

    layout = registry.config.layout
    found = []
    for include, text in content.includes.items():
        data = registry.worktree.read(layout.fragment(include))
        if data is None or normalize_fragment(data.decode("utf-8", "replace")) != text:
            found.append(include)
    return found


def _require_committed(registry: Registry, path: str) -> None:
    """Refuse to overwrite edits that no commit has."""
    from promptreg.git.process import run_git

    changed = run_git(registry.root, "status", "--porcelain", "--no-renames", "--", path)
    if changed.strip():
        raise ConflictError(
            f"{path} has edits that are not committed", fix=f"git stash push -- {path}"
        )


def plan_label_rollback(
    registry: Registry, label: str, name: str, selector: str | None
) -> LabelChange:
    """Plan to set a label back, in the work tree.

    Args:
        registry: The registry.
        label: The label.
        name: The prompt.
        selector: The version; by default the one the label named before the current one.

    Raises:
        NotFoundError: The label never named another version that can be served.
        ConflictError: The label's file has edits, or names that version already.
    """
    _require_committed(registry, label_path(registry.config.root, label))
    current = registry.label(label).get(name)
    wanted = selector or str(previous_version(registry, label, name))
    change = plan_label(registry, label, parse_reference(name, wanted))
    if change.before == change.after:
        raise ConflictError(f"label {label} names {name} {current} already")
    return change


def previous_version(registry: Registry, label: str, name: str) -> Version:
    """Return the version a label named before, that has a tag and is not yanked.

    Raises:
        NotFoundError: There is none.
    """
    current = registry.label(label).get(name)
    usable = set(registry.choosable(name))
    for event in label_history(registry, label, name):
        if event.before is not None and event.before != current and event.before in usable:
            return event.before
    raise NotFoundError(
        f"label {label} never named another version of {name} that could be served",
        fix=f"promptreg rollback {name} VERSION --label {label}",
    )


def with_push(registry: Registry, change: LabelChange, text: str) -> LabelChange:
    """Return a label's change that also commits its file, whatever else is staged, and pushes.

    Args:
        registry: The registry.
        change: What becomes of the label.
        text: The commit's message.

    Raises:
        RepositoryError: HEAD is detached. Where git refuses to push, the commit that was made
            stays.
    """
    branch = registry.repository.head.branch
    if branch is None:
        raise RepositoryError("HEAD is detached, so nothing can be pushed", fix="git switch main")
    aside = f"rollback-{change.label}-{change.name.replace('/', '-')}"
    steps = (
        *change.steps,
        RunGit(("commit", "--quiet", "--only", "-m", text, "--", change.path)),
        RunGit(
            ("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}"),
            refusal="committed, but origin refuses it",
            fix=f"git push origin HEAD:refs/heads/{aside}, and open a pull request",
        ),
    )
    return replace(change, steps=steps)
