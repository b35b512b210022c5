"""`promptreg compare`: the figures of two versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.completion import complete_references, complete_selectors
from promptreg.cli.context import open_registry, split_references
from promptreg.cli.output import DataFormat, data, message, print_json, style, table
from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.queries.comparing import FigurePair, VersionComparison

__all__ = ["compare"]


def compare(
    reference: Annotated[
        str,
        typer.Argument(metavar="NAME[@A]", help="A prompt.", autocompletion=complete_references),
    ],
    others: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[A] [B]",
            help="The earlier REF, such as 1.2.0, and the later; the latest release by default.",
            autocompletion=complete_selectors,
        ),
    ] = None,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Show the figures of two versions beside the size of the change.

    Quality, latency, cost and tokens of all logged calls, then what the statistics carry: an
    interval and a verdict for each metric that has a threshold. `promptreg diff` shows the texts,
    `promptreg ab` decides which is better.
    """
    name, chosen = split_references(reference, others or ())
    if not chosen:
        raise ConfigError("compare with which version?", fix=f"promptreg compare {name} A [B]")
    old, new = (*chosen, "latest")[:2]
    with open_registry(fast_start=False) as registry:
        sides = [registry.resolve(name, selector) for selector in (old, new)]
        from promptreg.queries.comparing import compare_versions

        result = compare_versions(registry, *sides)
    if output is DataFormat.JSON:
        print_json(result.as_json())
    else:
        _write(name, result)


def _write(name: str, result: VersionComparison) -> None:
    from promptreg.formats.text import one_line

    diff = result.diff
    size = f"{diff.level.label}, +{result.words_added} -{result.words_removed} words"
    data(style(f"{name} {result.old.title} -> {result.new.title}", "bold") + f"  {size}")
    for change in diff.changes:
        data(one_line(f"  {change.level.label:<5} {change.rule}: {change.detail}"))
    if diff.is_empty:
        message("Both have the same content.")
    if not result.old.calls and not result.new.calls:
        message(f"No logged calls of either: promptreg metrics status, or log calls of {name}.")
        return
    data()
    rows = [
        ("calls", f"{result.old.calls:,}", f"{result.new.calls:,}", ""),
        *(_row(pair) for pair in result.figures),
    ]
    table(("", result.old.title, result.new.title, "CHANGE"), rows, right=(1, 2, 3))
    _write_verdicts(result)


def _row(pair: FigurePair) -> tuple[str, str, str, str]:
    from promptreg.formats import figures

    old, new = ("-" if n is None else figures.value(n, pair.metric) for n in (pair.old, pair.new))
    if pair.old is None or pair.new is None or pair.new == pair.old == 0:
        return pair.name, old, new, ""
    if pair.change is None:  # the old figure is zero, of which nothing is a share
        return pair.name, old, new, figures.difference(pair.new - pair.old, pair.metric)
    return pair.name, old, new, figures.percent(pair.change)


def _write_verdicts(result: VersionComparison) -> None:
    from promptreg.formats import figures
    from promptreg.formats.text import one_line

    for comparison in result.gate.comparisons:
        data()
        data(one_line(comparison.title))
        rows = [
            (
                f"  {row.name}",
                f"{figures.change(row.judgement)} {figures.interval(row.judgement)}".strip(),
                figures.limit(row.judgement),
                one_line(figures.outcome(row, comparison)),
            )
            for row in comparison.rows
        ]
        if rows:
            table(("  METRIC", "CHANGE", "LIMIT", "VERDICT"), rows)
        for note in comparison.notes:
            data(f"  note: {one_line(note)}")
