"""`promptreg verify`: audit released tags."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.completion import complete_names
from promptreg.cli.context import open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import DataFormat, data, message, print_json, style, warning

__all__ = ["verify"]

_MANY = 1000
_SHOWN = 10


def verify(
    name: Annotated[
        str | None, typer.Argument(help="Only this prompt.", autocompletion=complete_names)
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Compare with origin's tags too: moved and deleted.")
    ] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Compare with the digests of logged calls too.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the audit.")] = False,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Audit released tags: each against the file at its commit.

    With NAME also the tags that the prompt has from before it was renamed.
    """
    from promptreg.operations.verifying import verify_tags

    with open_registry(fast_start=False) as registry:
        result = verify_tags(registry, name, remote=remote, metrics=metrics)
    if output is DataFormat.JSON:
        print_json(result.as_json())
    else:
        for fault in result.faults:
            data(f"{fault.tag}: {style('error', 'red')} {fault.rule}: {fault.message}")
        for tag in result.foreign:
            warning(f"{tag} looks like a release but was not made by promptreg")
        for tag in result.reworded[:_SHOWN]:
            warning(
                f"{tag} lists other changes than its content has: edited by hand, made by another "
                "release of promptreg, or without the version before it"
            )
        if more := len(result.reworded[_SHOWN:]):
            warning(f"{more} more tags list other changes than their content has")
        if result.unfetched:
            warning(f"{len(result.unfetched)} tags of origin are not here: git fetch --tags")
        if result.loose > _MANY:
            message(f"{result.loose:,} tags are single files: git pack-refs --all speeds up reads.")
        under = f", those under {', '.join(result.former)} included" if result.former else ""
        message(f"{result.verified} tags verified{under}, {len(result.faults)} wrong.")
    if result.faults or (strict and result.has_warnings):
        raise typer.Exit(ExitCode.FOUND)
