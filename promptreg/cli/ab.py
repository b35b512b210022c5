"""`promptreg ab`: which of two or more versions is better."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer

from promptreg.cli.completion import complete_names, complete_selectors
from promptreg.cli.context import open_registry
from promptreg.cli.output import data, print_json, style
from promptreg.errors import ConfigError

__all__ = ["ab"]


class ABFormat(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class By(StrEnum):
    """What the rows are divided by."""

    MODEL = "model"


def ab(
    name: Annotated[str, typer.Argument(help="The prompt.", autocompletion=complete_names)],
    arms: Annotated[
        list[str],
        typer.Argument(
            help="Versions to compare, the control first; variants of an experiment.",
            autocompletion=complete_selectors,
        ),
    ],
    metric: Annotated[
        str, typer.Option(help="The metric that decides: quality, latency, cost, any score.")
    ] = "quality",
    better: Annotated[
        str | None, typer.Option(help="For a custom score: higher or lower is better.")
    ] = None,
    max_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Plan the test: at most so many observations an arm."),
    ] = None,
    mde: Annotated[
        str | None,
        typer.Option(help="The difference that would matter, such as 5%; plans the test too."),
    ] = None,
    alpha: Annotated[float, typer.Option(help="How often a false winner may be named.")] = 0.05,
    by: Annotated[By | None, typer.Option(help="One answer for each model.")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Rows of this experiment; the arms are its variants.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Evaluation rows of this suite instead of calls.")
    ] = None,
    environment: Annotated[str | None, typer.Option(help="Only rows of this environment.")] = None,
    output: Annotated[ABFormat, typer.Option("--format", help="How to answer.")] = ABFormat.TEXT,
) -> None:
    """Say which version is better, and only when the data carry it.

    Look as often as you like: without a plan the answer stays valid at every look. With
    --max-samples or --mde the test decides at ten fixed points and needs fewer samples. Exits
    with 0 whatever the answer is.
    """
    from promptreg.abtest import ABTest
    from promptreg.abtest.text import json_result, markdown_result, text_result

    with open_registry(fast_start=True) as registry:
        test = ABTest(
            name,
            *arms,
            metric=metric,
            higher_is_better=_direction(better),
            alpha=alpha,
            max_samples=max_samples,
            mde=_share(mde),
            store=registry.metrics,
            experiment=experiment,
            environment=environment,
            suite=suite,
        )
        test.check_metric()
        results = test.results_by_model() if by is By.MODEL else [test.get_result()]
    match output:
        case ABFormat.JSON:
            found = [json_result(result) for result in results]
            print_json(found if by else found[0])
        case ABFormat.MARKDOWN:
            data("\n".join(markdown_result(result) for result in results).rstrip("\n"))
        case ABFormat.TEXT:
            data("\n\n".join(text_result(result, style) for result in results))


def _direction(better: str | None) -> bool | None:
    if better is None:
        return None
    if better not in {"higher", "lower"}:
        raise ConfigError(f"--better must be higher or lower, not {better!r}")
    return better == "higher"


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(%?)", text.strip())
    if found is None:
        raise ConfigError(f"{text!r} is no share", fix="--mde 5%")
    return float(found[1]) / (100.0 if found[2] else 1.0)
