"""What a branch may write into a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding
from promptreg.history.labels import lint_label, lint_label_name, parse_label
from promptreg.history.withdrawn import yanks_of

if TYPE_CHECKING:
    from promptreg.history.tagindex import TagIndex
    from promptreg.history.yanked import Yanks

__all__ = ["lint_labels"]


def lint_labels(
    tags: TagIndex, data: bytes, before: bytes | None, path: str, yanked: Yanks
) -> list[Finding]:
    """Return what is wrong with a label's file, and with each version that a branch gives it.

    Args:
        tags: The release tags.
        data: The file.
        before: The file on the base; None where it is new.
        path: Its path in the repository.
        yanked: The withdrawn versions.
    """
    found = [*lint_label_name(path, tags.config.root), *lint_label(data, path)]
    if any(finding.rule != "label-order" for finding in found):
        return found
    try:
        known = parse_label(before, path) if before else {}
    except PromptError:
        known = {}
    for name, version in parse_label(data, path).items():
        if known.get(name) == version:
            continue
        place = Location(path, _line_of_key(data, name), 1)
        if (yank := yanks_of(tags, yanked, name).get(version)) is not None:
            found.append(
                Finding(
                    "label-yanked",
                    "error",
                    f"{name} {version} is yanked: {yank.reason}",
                    place,
                    name,
                    f"choose another of promptreg versions {name}",
                )
            )
        elif version not in tags.versions(name):
            found.append(
                Finding(
                    "label-untagged",
                    "error",
                    f"{name} {version} has no tag, so no label may name it",
                    place,
                    name,
                    "promote it in a second pull request, after the merge released it",
                )
            )
    return found


def _line_of_key(data: bytes, name: str) -> int:
    lines = data.decode("utf-8", "replace").splitlines()
    keys = (line.partition(":")[0].strip("'\" ") for line in lines)
    return next((number for number, key in enumerate(keys, 1) if key == name), 1)
