"""`promptreg search`: find prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptreg.cli.completion import complete_labels
from promptreg.cli.context import mention_left_out, open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import DataFormat, data, message, print_json, style, warning

if TYPE_CHECKING:
    from promptreg.queries.searching import Found

__all__ = ["search"]


def search(
    terms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT | CONDITION]...",
            help="Texts, and conditions such as 'quality<0.8', 'latency.p95>2s', 'error_rate>=5%';"
            " all must hold. Quote < and > for the shell.",
        ),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag or pattern; repeatable.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model or pattern; one of those given.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="A label that names it; repeatable.", autocompletion=complete_labels),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY[=VALUE]", help="A metadata value, such as owner=team-a."),
    ] = None,
    regex: Annotated[
        bool, typer.Option("--regex", "-E", help="Texts are regular expressions.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="Figures from then on: a day, a time, or an age as 7d.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Find so many prompts at most, by name."),
    ] = None,
    history: Annotated[
        bool,
        typer.Option("--history", help="Look into released versions too."),
    ] = False,
    names: Annotated[bool, typer.Option("--names", "-l", help="Only the names.")] = False,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Find prompts by text, tag, model, label, metadata and figures.

    Texts are looked for in names, descriptions, messages, fragments, variables, tags and metadata
    of the work tree, in any letter case. Conditions are about the version that --label names, or
    the latest release. With --history prompts that do not hold it now, deleted ones too, are found
    by the newest released version that does. Exits with 1 when nothing is found, as grep does.
    """
    from promptreg.errors import ConfigError
    from promptreg.moments import parse_moment
    from promptreg.queries.query import Condition, Query
    from promptreg.queries.searching import Search

    read = [(text, Condition.parse(text)) for text in terms or ()]
    pairs = (entry.partition("=") for entry in metadata or ())
    query = Query(
        texts=tuple(text for text, condition in read if condition is None),
        regex=regex,
        tags=tuple(tag or ()),
        models=tuple(model or ()),
        labels=tuple(label or ()),
        metadata=tuple((key, value) for key, _, value in pairs),
        conditions=tuple(condition for _, condition in read if condition is not None),
        since=parse_moment(since) if since else None,
    )
    if query.is_empty:
        raise ConfigError("nothing to search for", fix="promptreg search TEXT, or promptreg list")
    with open_registry() as registry:
        searching = Search(registry, query, limit, history=history)
        if output is DataFormat.JSON:
            found = list(searching)
            print_json([_as_json(each) for each in found])
        else:
            # Each is shown as soon as it is found: thousands of files take a while.
            found = [_show(each, names=names) for each in searching]
        mention_left_out(registry)
    for path in searching.broken:
        warning(f"{path} is not valid and was not searched")
    if searching.without_figures:
        message(f"Without such figures: {', '.join(searching.without_figures)}")
    if searching.left:
        message(f"The first {len(found)}; up to {searching.left:,} more files may hold it.")
    if not found:
        raise typer.Exit(ExitCode.FOUND)


def _show(found: Found, *, names: bool) -> Found:
    title = style(f"{found.name} {found.version or ''}", "bold")
    data(found.name if names else f"{title} (older version)" if found.is_past else title)
    if not names:
        _write(found)
    return found


def _write(found: Found) -> None:
    if not found.matches:
        data(f"  {found.path}")
    for match in found.matches:
        data(f"  {match.path}:{match.line}: {style(match.part, 'dim')}: {match.text}")
    if found.figures is not None:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in found.figures.items())
        data(f"  {figures} over {found.calls:,} calls")


def _as_json(found: Found) -> dict[str, Any]:
    return {
        "prompt": found.name,
        "path": found.path,
        "version": str(found.version) if found.version else None,
        "matches": [
            {"path": m.path, "line": m.line, "part": m.part, "text": m.text} for m in found.matches
        ],
        "figures": found.figures,
        "calls": found.calls,
        "past": found.is_past,
    }
