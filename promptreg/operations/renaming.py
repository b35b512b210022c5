"""`rename`: another name for a prompt, whose versions and history follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.errors import ConflictError, PromptError
from promptreg.history.formerly import former_names_in, set_formerly
from promptreg.history.labels import label_path, parse_label, write_label
from promptreg.naming import NAME
from promptreg.prompt.yamldoc import load
from promptreg.sources import locate
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Renamed", "rename_prompt"]

_EVALUATION_ENDINGS = (".eval.yaml", ".eval.yml")


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a rename did in the work tree.

    Attributes:
        old: The path before.
        new: The path after.
        moved: Evaluation suites that moved along: paths before and after.
        labels: The label files that name the prompt under both names now.
        mentions: Sections of the configuration that still have the old name.
    """

    old: str
    new: str
    moved: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    mentions: tuple[str, ...]


def rename_prompt(registry: Registry, old: str, new: str) -> Renamed:
    """Move a prompt's file and record the old name in it, so that versions and labels follow.

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
    destination = registry.root / target
    destination.parent.mkdir(parents=True, exist_ok=True)
    (registry.root / path).rename(destination)
    destination.write_bytes(edited)
    return Renamed(
        path,
        target,
        tuple(_move_suites(registry, old, new)),
        tuple(_extend_labels(registry, old, new)),
        tuple(_mentions(registry, old)),
    )


def _require_free(registry: Registry, new: str, former: tuple[str, ...]) -> None:
    if not NAME.fullmatch(new):
        raise PromptError(
            f"{new!r} is not a prompt name",
            rule="invalid-name",
            fix="names are lower case with digits, - and _, folders separated by /",
        )
    layout = registry.config.layout
    for path in registry.worktree.paths(layout.root):
        name = layout.name_of(path)
        if name is not None and name.lower() == new:
            raise ConflictError(f"{path} has the name {new} already", fix="choose another name")
    if new not in former and registry.tags.own_oids(new):
        raise ConflictError(
            f"{new} has released versions of its own, which would mix with these",
            fix="choose another name",
        )


def _move_suites(registry: Registry, old: str, new: str) -> list[tuple[str, str]]:
    moved = []
    for ending in _EVALUATION_ENDINGS:
        before, after = (f"{registry.config.root}/{name}{ending}" for name in (old, new))
        if (registry.root / before).exists() and not (registry.root / after).exists():
            (registry.root / before).rename(registry.root / after)
            moved.append((before, after))
    return moved


def _extend_labels(registry: Registry, old: str, new: str) -> list[str]:
    """Let every label that names the old name name the new one too, at the same version."""
    changed = []
    for label in registry.label_names():
        path = label_path(registry.config.root, label)
        data = registry.worktree.read(path)
        if data is None:
            continue
        entries = dict(parse_label(data, path))
        if old not in entries or new in entries:
            continue
        entries[new] = entries[old]
        comments = []
        for line in data.splitlines(keepends=True):
            if line.strip() and not line.startswith(b"#"):
                break
            comments.append(line)
        (registry.root / path).write_bytes(b"".join(comments) + write_label(entries))
        changed.append(path)
    return changed


def _mentions(registry: Registry, old: str) -> list[str]:
    config = registry.config
    found = [f'[gate."{old}"]'] if old in config.gate else []
    return found + ["[[accept]]" for entry in config.accept if entry.prompt == old][:1]
