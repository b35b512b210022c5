"""`promptreg rollback`: an older content again."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act, commit_hint
from promptreg.cli.completion import complete_labels, complete_references, complete_selectors
from promptreg.cli.context import open_registry
from promptreg.cli.output import DataFormat, data, message, style

__all__ = ["rollback"]


def rollback(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@VERSION]", help="A prompt.", autocompletion=complete_references
        ),
    ],
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="[VERSION]",
            help="The version to go back to; with --label the one before.",
            autocompletion=complete_selectors,
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Set this label back instead.", autocompletion=complete_labels),
    ] = None,
    push: Annotated[
        bool, typer.Option("--push", help="With --label: commit that one file and push it.")
    ] = False,
    with_fragments: Annotated[
        bool,
        typer.Option("--with-fragments", help="Restore the fragments it included as well."),
    ] = False,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Go back to an older version.

    `rollback NAME VERSION` writes the old content back as a new, higher version: versions only
    grow. `rollback NAME --label production` is the quick way at night: it changes what is served
    to what was served before, and needs no new version.
    """
    from promptreg.errors import ConfigError

    name, mark, inner = name.partition("@")
    if mark and version is not None:
        raise ConfigError(f"{inner!r} and {version!r} both choose a version", fix="give one")
    version = inner if mark else version
    if label is not None:
        if with_fragments:
            raise ConfigError("--with-fragments goes with a version, not with a label")
        _label(name, version, label, push=push, dry_run=dry_run, output=output)
    elif version is None or push:
        raise ConfigError(
            "give the version to go back to" if version is None else "--push goes with --label",
            fix=f"promptreg rollback {name} VERSION, or --label production",
        )
    else:
        _content(name, version, with_fragments=with_fragments, dry_run=dry_run, output=output)


def _content(
    name: str, version: str, *, with_fragments: bool, dry_run: bool, output: DataFormat
) -> None:
    from promptreg.operations.rolling import plan_rollback

    with open_registry() as registry:
        result = plan_rollback(registry, name, version, with_fragments=with_fragments)
        facts = {"prompt": name, **result.as_json()}
        told = act(registry.repository, result.steps, facts, dry_run=dry_run, output=output)
    if not told:
        return
    for include in result.fragments:
        data(f"restored {include}")
    for bumped in result.bumped:
        what = f"content of {result.restored}" if bumped.path == result.path else "its fragment"
        data(f"{bumped.path}: {style(str(bumped.plan.version), 'bold')} ({what})")
    message(f"Next: git commit -a -m 'Roll {name} back to {result.restored}', and merge it.")


def _label(
    name: str, version: str | None, label: str, *, push: bool, dry_run: bool, output: DataFormat
) -> None:
    from promptreg.operations.rolling import plan_label_rollback, with_push

    with open_registry() as registry:
        change = plan_label_rollback(registry, label, name, version)
        text = f"Roll {name} back to {change.after} in {label}"
        if push:
            change = with_push(registry, change, text)
        facts = {**change.as_json(), "pushed": push and not dry_run}
        if not act(registry.repository, change.steps, facts, dry_run=dry_run, output=output):
            return
        data(f"{change.path}: {name} {change.before} -> {style(str(change.after), 'bold')}")
        if push:
            head = registry.repository.head
            message(f"Pushed {(head.oid or '')[:7]} to {head.branch}.")
        else:
            message("Next:")
            message(f"  git switch -c rollback-{label}-{name.replace('/', '-')}")
            message(f"  {commit_hint(change.steps, text, change.path)}")
            message("  git push -u origin HEAD, and open a pull request; or --push next time")
    message("Services serve it once they read the merged commit: at their next fetch, deploy or")
    message("bundle refresh.")
