"""Commands that explain: explain, schema, config."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields
from typing import Annotated

import typer

from promptreg.cli.context import directory
from promptreg.cli.output import DataFormat, data, print_json, table

__all__ = ["config", "explain", "schema"]


def _complete_rules(incomplete: str) -> list[str]:
    from promptreg.rules.book import RULES

    return [id_ for id_ in RULES if id_.startswith(incomplete)]


def explain(
    rule: Annotated[
        str | None,
        typer.Argument(
            help="The id of a rule; all of them without.", autocompletion=_complete_rules
        ),
    ] = None,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Explain a rule that check or bump named, with an example."""
    from promptreg.rules.book import RULES
    from promptreg.rules.book import explain as explain_rule

    if output is DataFormat.JSON:
        if rule is not None:
            explain_rule(rule)  # refuses what is none
        chosen = RULES.values() if rule is None else [RULES[rule]]
        found = [
            {
                "rule": each.id,
                "weight": each.weight,
                "title": each.title,
                "explanation": each.explanation,
                "example": each.example,
            }
            for each in chosen
        ]
        print_json(found if rule is None else found[0])
    elif rule is not None:
        data(explain_rule(rule))
    else:
        table(("RULE", "WEIGHT", "WHAT"), ((r.id, r.weight, r.title) for r in RULES.values()))


def schema() -> None:
    """Print the JSON Schema of prompt files, for editors."""
    from promptreg.prompt.schema import prompt_schema

    print_json(prompt_schema())


def config(
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Show the configuration in force, and where each value came from."""
    from promptreg.git import Repository
    from promptreg.registry import config_of

    with closing(Repository.open(directory(), fast_start=True)) as repository:
        loaded = config_of(repository)
    rows = [
        (field.name.replace("_", "-"), getattr(loaded, field.name), field.name)
        for field in fields(loaded)
        if field.name != "sources"
    ]
    if output is DataFormat.JSON:
        print_json({key: _plain(value) for key, value, _ in rows})
        return
    table(
        ("KEY", "VALUE", "FROM"),
        ((key, _shown(value), loaded.sources.get(name, "default")) for key, value, name in rows),
    )


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, int | float | str | None) else str(value)


def _shown(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, list):
        return ", ".join(map(str, plain)) or "-"
    if isinstance(plain, dict):
        return ", ".join(f"{key}={item}" for key, item in plain.items()) or "-"
    return "-" if plain is None else str(plain)
