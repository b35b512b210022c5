"""Commands that read: list, versions, show, render."""

# No `annotations` from `__future__` here: Typer compiles those texts again, twice in every run.

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptreg.cli.completion import (
    complete_names,
    complete_paths,
    complete_references,
    complete_selectors,
)
from promptreg.cli.context import mention_left_out, open_registry
from promptreg.cli.output import DataFormat, data, message, print_json, style, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptreg.queries.listing import ListedPrompt
    from promptreg.registry import Resolved

__all__ = ["list_prompts", "render", "show", "versions"]

_Format = Annotated[DataFormat, typer.Option("--format", help="How to answer.")]
_Reference = Annotated[
    str,
    typer.Argument(
        metavar="NAME[@REF]",
        help="A prompt; REF is a version, range, label, HEAD, branch:NAME or worktree.",
        autocompletion=complete_references,
    ),
]
_Selector = Annotated[
    str | None,
    typer.Argument(
        metavar="[REF]", help="The same REF, given apart.", autocompletion=complete_selectors
    ),
]


def list_prompts(
    pattern: Annotated[
        str, typer.Argument(help="Only names that hold this text, or match it as a pattern.")
    ] = "",
    output: _Format = DataFormat.TEXT,
) -> None:
    """List all prompts with the version in the file, the latest release and the labels."""
    from promptreg.queries.listing import list_all

    with open_registry() as registry:
        rows = list_all(registry, pattern)
        if output is DataFormat.JSON:
            print_json([row.as_json() for row in rows])
        elif rows:
            _write_list(rows)
        else:
            message("No prompts." if not pattern else f"No prompt matches {pattern!r}.")
        mention_left_out(registry, pattern)


def _write_list(rows: "Iterable[ListedPrompt]") -> None:
    table(
        ("PROMPT", "FILE", "RELEASED", "VERSIONS", "LABELS"),
        (
            (
                row.name,
                row.claimed or "-",
                row.released or "-",
                str(row.versions),
                ", ".join(f"{label}={version}" for label, version in row.labels.items()),
            )
            for row in rows
        ),
        right=(3,),
    )


def versions(
    name: Annotated[str, typer.Argument(help="A prompt.", autocompletion=complete_names)],
    output: _Format = DataFormat.TEXT,
) -> None:
    """List the released versions of a prompt, newest first."""
    with open_registry() as registry:
        releases = registry.releases(name)
        if not releases and registry.repository.is_shallow:
            registry.resolve(name)  # says which tags were not fetched
        labels = registry.labels_of(name)
        authors = {release.tag: registry.tags.author(release) for release in releases}
        yanked = {v: yank.reason for v, yank in registry.yanks_of(name).items()}
    named = {
        str(release.version): sorted(k for k, v in labels.items() if v == release.version)
        for release in releases
    }
    if output is DataFormat.JSON:
        print_json(
            [
                {
                    "version": str(release.version),
                    "level": release.trailers.level.label,
                    "digest": release.digest,
                    "commit": release.commit,
                    "date": release.when.isoformat(),
                    "author": authors[release.tag],
                    "labels": named[str(release.version)],
                    "changes": list(release.changes),
                    "yanked": yanked.get(release.version),
                }
                for release in reversed(releases)
            ]
        )
        return
    if not releases:
        message(f"{name} has no released version yet.")
        return
    table(
        ("VERSION", "LEVEL", "DATE", "COMMIT", "AUTHOR", "LABELS", "CHANGES"),
        (
            (
                str(release.version),
                release.trailers.level.label if release.trailers.level else "first",
                release.when.date().isoformat(),
                release.commit[:7],
                authors[release.tag],
                ", ".join([*named[str(release.version)], *["yanked"][: release.version in yanked]])
                or "-",
                _shorten("; ".join(release.changes)),
            )
            for release in reversed(releases)
        ),
    )


def _shorten(text: str, limit: int = 72) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def show(
    reference: _Reference,
    selector: _Selector = None,
    raw: Annotated[bool, typer.Option("--raw", help="The file's bytes, nothing else.")] = False,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="As it was then: a day or time in UTC, or an age such as 12h."
        ),
    ] = None,
    output: _Format = DataFormat.TEXT,
) -> None:
    """Show one version of a prompt.

    `show NAME@production --at 2026-01-31T02:00` answers what was served then.
    """
    with open_registry() as registry:
        if at is None:
            resolved = registry.resolve(reference, selector)
        else:
            from promptreg.history.asof import resolve_at
            from promptreg.moments import parse_moment

            resolved = resolve_at(registry, reference, selector, parse_moment(at))
        author = registry.tags.author(resolved.release) if resolved.release else None
    if raw:
        sys.stdout.flush()
        sys.stdout.buffer.write(resolved.content.data)
        return
    if output is DataFormat.JSON:
        print_json(_as_json(resolved, author))
        return
    prompt, release = resolved.content.prompt, resolved.release
    data(style(f"{resolved.reference.name} {resolved.version}", "bold"))
    if prompt.description:
        data(prompt.description)
    facts = {
        "digest": resolved.content.short_digest,
        "commit": resolved.commit[:12] if resolved.commit else None,
        "date": release.when.date().isoformat() if release else None,
        "author": author,
        "model": prompt.model,
        "parameters": ", ".join(f"{k}={v}" for k, v in prompt.model_parameters.items()) or None,
        "tags": ", ".join(prompt.tags) or None,
        "includes": ", ".join(resolved.content.includes) or None,
    }
    for label, value in facts.items():
        if value is not None:
            data(f"  {style(f'{label:<11}', 'dim')}{value}")
    for variable in prompt.variables:
        given = "" if variable.required else f" = {variable.default!r}"
        note = f"  {variable.description}" if variable.description else ""
        data(f"  {style('variable   ', 'dim')}{variable.name}: {variable.type}{given}{note}")
    from promptreg.prompt import Message

    for entry in prompt.messages:
        data()
        if isinstance(entry, Message):
            data(style(f"[{entry.role}]", "cyan"))
            data(entry.content.rstrip("\n"))
        else:
            data(style(f"[placeholder {entry.name}]", "cyan"))


def _as_json(resolved: "Resolved", author: str | None) -> dict[str, Any]:
    release = resolved.release
    return {
        "prompt": resolved.reference.name,
        "version": str(resolved.version),
        "digest": resolved.content.digest,
        "commit": resolved.commit,
        "released": release is not None,
        "date": release.when.isoformat() if release else None,
        "author": author,
        "value": dict(resolved.content.prompt.value),
        "includes": dict(resolved.content.includes),
    }


def render(
    reference: _Reference,
    selector: _Selector = None,
    variable: Annotated[
        list[str] | None,
        typer.Option("--var", "-v", metavar="NAME=VALUE", help="A variable; @FILE reads a file."),
    ] = None,
    variables: Annotated[
        Path | None,
        typer.Option(
            "--vars",
            help="A JSON file with variables, or - for standard input.",
            autocompletion=complete_paths,
        ),
    ] = None,
    output: _Format = DataFormat.TEXT,
) -> None:
    """Fill in a prompt's variables and show the messages."""
    from promptreg.cli.variables import read_variables
    from promptreg.prompt import Placeholder

    with open_registry() as registry:
        loaded = registry.get(reference, selector)
    slots: dict[str, list[dict[str, str]]] = {
        entry.name: [] for entry in loaded.prompt.messages if isinstance(entry, Placeholder)
    }
    values = read_variables(loaded.content, variable or (), variables)
    messages = loaded.render(values, placeholders=slots)
    if output is DataFormat.JSON:
        print_json(messages)
        return
    for number, entry in enumerate(messages):
        if number:
            data()
        data(style(f"[{entry['role']}]", "cyan"))
        data(str(entry["content"]).rstrip("\n"))
