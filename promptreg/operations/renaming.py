"""`rename`: another name for a prompt, whose versions and history follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError
from promptreg.history.formerly import former_names_in, set_formerly
from promptreg.history.labels import label_path, parse_label
from promptreg.operations.labelling import label_steps
from promptreg.operations.planning import MoveFile, Step, WriteFile
from promptreg.prompt.yamldoc import load
from promptreg.sources import locate
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Renamed", "plan_rename"]

_EVALUATION_ENDINGS = (".eval.yaml", ".eval.yml")


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a rename does in the work tree.

    Attributes:
        old: The path before.
        new: The path after.
        moved: Evaluation suites that moved along: paths before and after.
        labels: The label files that name the prompt under both names now.
        mentions: Sections of the configuration that still have the old name.
        steps: What brings that about.
    """

    old: str
    new: str
    moved: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    mentions: tuple[str, ...]
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "old": self.old,
            "new": self.new,
            "suites": [{"old": old, "new": new} for old, new in self.moved],
            "labels": list(self.labels),
            "mentions": list(self.mentions),
        }


def plan_rename(registry: Registry, old: str, new: str) -> Renamed:
    """Plan to move a file and record its old name in it, so that versions and labels follow.

    Released versions keep their tags under the old name. Labels name the prompt under both names:
    callers change at their own pace.

    Args:
        registry: The registry.
        old: The name it has.
        new: The name it gets.

    Raises:
        NotFoundError: There is no such prompt.
        ConflictError: The new name is in use, or was used for another prompt.
        PromptError: The new name is not valid, or the file cannot be edited.
    """
    path = locate(registry.worktree, registry.config.layout, old)
    data = registry.worktree.read(path) or b""
    former = former_names_in(load(data, path).value.get("formerly"))
    _require_free(registry, new, former)
    names = (old, *(each for each in former if each not in (old, new)))
    edited = set_formerly(data, path, names)
    target = f"{registry.config.root}/{new}{path[len(registry.config.root) + 1 + len(old) :]}"
    moves = list(_suites(registry, old, new))
    labels = list(_labels(registry, old, new))
    steps: list[Step] = [MoveFile(path, target)]
    if edited != data:
        steps.append(WriteFile(target, data, edited, f"formerly {old}"))
    return Renamed(
        path,
        target,
        tuple((move.path, move.destination) for move in moves),
        tuple(step.target for step in labels),
        tuple(_mentions(registry, old)),
        (*steps, *moves, *labels),
    )


def _require_free(registry: Registry, new: str, former: tuple[str, ...]) -> None:
    from promptreg.operations.creating import require_free

    require_free(registry, new)
    if new not in former and registry.tags.own_oids(new):
        raise ConflictError(
            f"{new} has released versions of its own, which would mix with these",
            fix="choose another name",
        )


def _suites(registry: Registry, old: str, new: str) -> Iterator[MoveFile]:
    for ending in _EVALUATION_ENDINGS:
        before, after = (f"{registry.config.root}/{name}{ending}" for name in (old, new))
        if (registry.root / before).exists() and not (registry.root / after).exists():
            yield MoveFile(before, after)


def _labels(registry: Registry, old: str, new: str) -> Iterator[Step]:
    """Let every label that names the old name name the new one too, at the same version."""
    for label in registry.label_names():
        path = label_path(registry.config.root, label)
        data = registry.worktree.read(path)
        if data is None:
            continue
        entries = dict(parse_label(data, path))
        if old in entries and new not in entries:
            entries[new] = entries[old]
            yield from label_steps(registry, path, entries, f"{new} {entries[old]} as {old}")


def _mentions(registry: Registry, old: str) -> list[str]:
    config = registry.config
    found = [f'[gate."{old}"]'] if old in config.gate else []
    return found + ["[[accept]]" for entry in config.accept if entry.prompt == old][:1]
