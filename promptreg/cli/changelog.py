"""`promptreg changelog`: what was released since when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from promptreg.cli.completion import complete_names
from promptreg.cli.context import open_registry
from promptreg.cli.output import data, message, print_json

__all__ = ["changelog"]


class ChangelogFormat(StrEnum):
    """How a changelog is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def changelog(
    name: Annotated[
        str | None, typer.Argument(help="Only this prompt.", autocompletion=complete_names)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="7d|DATE|REF",
            help="From an age, a day or time in UTC on, or what a revision does not hold yet.",
        ),
    ] = None,
    output: Annotated[
        ChangelogFormat, typer.Option("--format", help="How to answer.")
    ] = ChangelogFormat.TEXT,
) -> None:
    """Show what was released, newest first, with the changes and who made them."""
    from promptreg.queries.changelog import changelog as read_changelog
    from promptreg.queries.changelog import write_markdown, write_text

    with open_registry() as registry:
        entries = read_changelog(registry, name, since=since)
    if output is ChangelogFormat.JSON:
        print_json([entry.as_json() for entry in entries])
        return
    if not entries:
        message("Nothing was released." if since is None else f"Nothing new since {since}.")
    writer = write_markdown if output is ChangelogFormat.MARKDOWN else write_text
    for line in writer(entries):
        data(line)
