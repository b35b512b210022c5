"""`promptreg doctor`: what is wrong with this clone."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.context import directory
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import DataFormat, data, print_json, style

__all__ = ["doctor"]

_COLORS = {"ok": "green", "note": "blue", "warning": "yellow", "error": "red"}


def doctor(
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Look for what is wrong with this clone, and say how to mend it.

    Hooks, configuration, release branch, tags, depth of the clone, prompt files, labels and the
    metrics store. Changes nothing and asks no remote. Exits with 1 when something is an error.
    """
    from promptreg.queries.diagnosis import Condition, diagnose

    found = list(diagnose(directory()))
    if output is DataFormat.JSON:
        print_json(
            [
                {
                    "subject": d.subject,
                    "condition": d.condition.value,
                    "message": d.message,
                    "fix": d.fix or None,
                }
                for d in found
            ]
        )
    else:
        for d in found:
            word = style(f"{d.condition.value:<8}", _COLORS[d.condition.value])
            data(f"{word} {d.subject}: {d.message}")
            if d.fix:
                data(f"           fix: {d.fix}")
    if any(d.condition is Condition.ERROR for d in found):
        raise typer.Exit(ExitCode.FOUND)
