"""`promptreg yank` and `promptreg delete`: withdraw a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act, commit_hint, confirm
from promptreg.cli.completion import complete_references, complete_selectors
from promptreg.cli.context import open_registry
from promptreg.cli.output import DataFormat, data, message, style

if TYPE_CHECKING:
    from promptreg.operations.yanking import Withdrawal
    from promptreg.versioning import Version

__all__ = ["delete", "yank"]

_Reference = Annotated[
    str,
    typer.Argument(
        metavar="NAME[@VERSION]", help="A released version.", autocompletion=complete_references
    ),
]
_Selector = Annotated[
    str | None,
    typer.Argument(
        metavar="[VERSION]",
        help="The same version, given apart.",
        autocompletion=complete_selectors,
    ),
]


def yank(
    reference: _Reference,
    selector: _Selector = None,
    reason: Annotated[str | None, typer.Option(help="Why; readers see it.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the yank back.")] = False,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Withdraw a version: ranges and latest skip it, asking for it by number warns.

    Writes one line of prompts/yanked.yaml, which takes effect when it is committed and merged.
    """
    from promptreg.errors import ConfigError
    from promptreg.operations.yanking import plan_unyank, plan_yank

    name, number = _read(reference, selector)
    why = _line(reason)
    if not undo and not why:
        raise ConfigError("a yank needs a reason", fix="--reason TEXT")
    with open_registry() as registry:
        if undo:
            result = plan_unyank(registry, name, number)
        else:
            result = plan_yank(registry, name, number, why)
        told = act(
            registry.repository, result.steps, result.as_json(), dry_run=dry_run, output=output
        )
    if not told:
        return
    _report(result, f"{result.name} {number}", "no longer yanked" if undo else "yanked")
    for label in () if undo else result.labels:
        message(f"Label {label} still names it: promptreg label set {label} {name} OTHER")


def delete(
    reference: _Reference,
    selector: _Selector = None,
    reason: Annotated[str | None, typer.Option(help="Why; readers see it.")] = None,
    push: Annotated[
        bool,
        typer.Option("--push", help="Remove the tag from origin too; the line must be merged."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Delete a version for good: its tag goes, and its number is never used again.

    Records it in prompts/yanked.yaml first, then removes the tag. Asking for the version fails
    from then on; logged metrics stay.
    """
    from promptreg.operations.yanking import plan_deletion
    from promptreg.queries.listing import claimed_version

    name, number = _read(reference, selector)
    with open_registry(fast_start=False) as registry:
        result = plan_deletion(registry, name, number, _line(reason), push=push)
        confirm(f"Delete {name} {number} for good?", yes=yes or dry_run)
        told = act(
            registry.repository, result.steps, result.as_json(), dry_run=dry_run, output=output
        )
        if not told:
            return
        _report(result, f"{result.name} {number}", "deleted")
        if result.tag is not None:
            data(f"removed tag {result.tag}{' here and from origin' if push else ''}")
        path = registry.paths().get(name)
        stated = claimed_version(registry.worktree.read(path) or b"", path) if path else None
    if stated == str(number):
        message(f"{path} still states {number}: edit it, then promptreg bump {path}")
    if not push:
        message(f"After the merge: promptreg delete {result.name}@{number} --push --yes")


def _read(text: str, selector: str | None) -> tuple[str, Version]:
    from promptreg.errors import ConfigError
    from promptreg.versioning import Version
    from promptreg.versioning.references import ReferenceKind, parse_reference

    found = parse_reference(text, selector)
    if found.kind is not ReferenceKind.VERSION:
        raise ConfigError(f"{found} does not name one version", fix="write NAME@1.2.0")
    return found.name, Version.parse(found.value)


def _line(text: str | None) -> str:
    """Return a reason as the one line that every warning shows it in."""
    return " ".join((text or "").split())


def _report(result: Withdrawal, what: str, how: str) -> None:
    if not result.records:
        message(f"{what} is {how} already.")
        return
    data(f"{result.path}: {style(what, 'bold')} {how}")
    message(f"Next: {commit_hint(result.steps, f'{what} {how}', result.path)}, and merge it.")
