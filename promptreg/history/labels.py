"""Labels: one file each that says which version of which prompt is served; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.naming import LABEL, NAME, RESERVED_LABELS
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.findings import Finding

__all__ = [
    "is_label",
    "label_of_path",
    "label_path",
    "lint_label",
    "lint_label_name",
    "parse_label",
    "write_label",
]

# A name that begins with a letter and a version of three numbers are text in YAML as well.
_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_ENTRY = rf"(?P<name>[a-z][a-z0-9_/-]*): (?P<version>{_NUMBER}\.{_NUMBER}\.{_NUMBER})"
_NOT_TEXT = frozenset({"null", "true", "false"})


def is_label(text: str) -> bool:
    """Tell whether a label may be called so."""
    return LABEL.fullmatch(text) is not None and text not in RESERVED_LABELS


def label_path(root: str, label: str) -> str:
    """Return the file of a label.

    Raises:
        PromptError: The label's name is not allowed.
    """
    if not is_label(label):
        raise PromptError(
            f"{label!r} is not a label name",
            rule="label-name",
            fix="labels are lower case with digits and -, at least two characters; v1 is a range",
        )
    return f"{root}/labels/{label}.yaml"


def label_of_path(root: str, path: str) -> str | None:
    """Return the label whose file this is, whatever it is called, or None."""
    beginning, ending = f"{root}/labels/", ".yaml"
    if path.startswith(beginning) and path.endswith(ending):
        return path[len(beginning) : -len(ending)]
    return None


def parse_label(data: bytes, path: str) -> Mapping[str, Version]:
    """Return the version of each prompt that a label names.

    Raises:
        PromptError: The file is not valid.
    """
    if (plain := _plain_entries(data)) is not None:
        return MappingProxyType(plain)
    from promptreg.prompt.yamldoc import load

    document = load(data, path)
    found: dict[str, Version] = {}
    for name, text in document.value.items():
        where = document.positions.get(name)
        if not NAME.fullmatch(name) or not isinstance(text, str):
            raise PromptError(
                f"{name!r} must be a prompt name with a version", location=where, rule="label-value"
            )
        try:
            found[name] = Version.parse(text)
        except PromptError as error:
            raise PromptError(error.message, location=where, rule="label-value") from error
    return MappingProxyType(found)


def _plain_entries(data: bytes) -> dict[str, Version] | None:
    """Read a file written as `write_label` writes it; None for everything that only YAML can read.

    Every command that shows labels would otherwise load the YAML parser for these lines.
    """
    found: dict[str, Version] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if not line or line.startswith("#"):
            continue
        entry = _plain_entry(line)
        if entry is None or entry[0] in found:
            return None
        found[entry[0]] = entry[1]
    return found


# A commit moves one line of a thousand, and a label's history reads all of them at each commit.
@lru_cache(maxsize=8192)
def _plain_entry(line: str) -> tuple[str, Version] | None:
    match = re.fullmatch(_ENTRY, line)
    if match is None or match["name"] in _NOT_TEXT or not NAME.fullmatch(match["name"]):
        return None
    return match["name"], Version.parse(match["version"])


def lint_label_name(path: str, root: str) -> list[Finding]:
    """Return what is wrong with the name of a label's file."""
    from promptreg.findings import finding_of

    try:
        label_path(root, label_of_path(root, path) or "")
    except PromptError as error:
        return [finding_of(error, path)]
    return []


def lint_label(data: bytes, path: str) -> list[Finding]:
    """Return what is wrong with a label's file as such: syntax, values, the order of its keys."""
    from promptreg.findings import Finding

    try:
        entries = parse_label(data, path)
    except PromptError as error:
        location = error.location or Location(path, 1, 1)
        return [Finding(error.rule, "error", error.message, location, fix=error.fix)]
    names = list(entries)
    if names != sorted(names):
        first = next(i for i, (a, b) in enumerate(zip(names, sorted(names), strict=True)) if a != b)
        from promptreg.prompt.yamldoc import load

        where = load(data, path).positions.get(f"{names[first]}#key") or Location(path, 1, 1)
        return [
            Finding(
                "label-order",
                "error",
                f"{names[first]} is out of order: keys must be sorted, or merges make duplicates",
                where,
                fix="sort the lines",
            )
        ]
    return []


def write_label(entries: Mapping[str, Version]) -> bytes:
    """Return a label's file, keys sorted."""
    lines = (f"{_key(name)}: {version}\n" for name, version in sorted(entries.items()))
    return "".join(lines).encode()


def _key(name: str) -> str:
    # 0, 1e5, 2026-11-22 and null are prompt names too, and to YAML no text.
    return name if name[0].isalpha() and name not in ("true", "false", "null") else f'"{name}"'
