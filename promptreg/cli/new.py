"""`promptreg new`: start a prompt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act
from promptreg.cli.completion import complete_paths
from promptreg.cli.context import given_path, open_registry
from promptreg.cli.output import DataFormat, data, message, style

__all__ = ["new"]


def new(
    name: Annotated[str, typer.Argument(help="The new prompt, such as support/triage.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Start from a prompt file, or from a text, which becomes the user message;"
            " - is standard input.",
            autocompletion=complete_paths,
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model, such as openai/gpt-4o.")] = None,
    description: Annotated[
        str | None, typer.Option(help="What the prompt is for, in one line.")
    ] = None,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Start a prompt: write NAME.prompt.yml with the schema for editors.

    Overwrites nothing. The version comes with the first commit, by the hook or promptreg bump.
    """
    from promptreg.operations.creating import plan_prompt

    with open_registry() as registry:
        given = None if source is None else (str(source), _read(source))
        created = plan_prompt(registry, name, source=given, model=model, description=description)
        told = act(
            registry.repository, created.steps, created.as_json(), dry_run=dry_run, output=output
        )
    if not told:
        return
    data(f"created {style(created.path, 'bold')}")
    if created.schema:
        message(f"Wrote {created.schema}, which editors check prompts with.")
    if created.follows:
        message(f"The name was used before, up to {created.follows}: versions continue above.")
    message(f"Next: edit it, then promptreg bump {created.path} and commit.")


def _read(source: Path) -> bytes:
    from promptreg.errors import ConfigError

    if str(source) == "-":
        return sys.stdin.buffer.read()
    path = given_path(source)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
