"""`promptreg metrics`: log calls and ask what they cost and how good they were."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptreg.cli import metrics_share, metrics_upkeep, metrics_write
from promptreg.cli.completion import complete_names
from promptreg.cli.metrics_options import (
    Environment,
    Model,
    ResultFormat,
    Since,
    Suite,
    Until,
    open_metrics,
    parse_time,
)
from promptreg.cli.output import data, message, print_json, table
from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.metrics import ModelPick, ModelRanking, Summary
    from promptreg.storage.query import QueryResult

__all__ = ["app"]

app = typer.Typer(
    help="Log calls; ask what they cost and how good they were.", no_args_is_help=True
)
_MAX_WIDTH = 60
_PERCENTILES = (
    "latency_ms",
    "time_to_first_token_ms",
    "cost",
    "input_tokens",
    "output_tokens",
    "quality_score",
)


@app.command()
def summary(
    prompt: Annotated[
        str | None, typer.Argument(help="Only this prompt.", autocompletion=complete_names)
    ] = None,
    version: Annotated[str | None, typer.Argument(help="Only this version.")] = None,
    by: Annotated[
        str,
        typer.Option(
            help="Columns to group by, or hour, day, week, month; separated by commas.",
        ),
    ] = "prompt,version",
    since: Since = None,
    until: Until = None,
    model: Model = None,
    environment: Environment = None,
    suite: Suite = None,
    scores: Annotated[bool, typer.Option("--scores", help="Show custom scores too.")] = False,
    output: Annotated[ResultFormat, typer.Option("--format", help="How to answer.")] = (
        ResultFormat.TABLE
    ),
) -> None:
    """Show calls, success, latency (exact p50 and p95), cost, tokens and quality per version."""
    if output is ResultFormat.PARQUET:
        raise ConfigError("a summary has no Parquet form", fix="use --format json or csv")
    if prompt is not None and version is None and "@" in prompt:
        prompt, _, version = prompt.partition("@")
    metrics = open_metrics()
    groups = [name.strip() for name in by.split(",") if name.strip()]
    chosen: dict[str, Any] = {
        "since": parse_time(since),
        "until": parse_time(until),
        "model": model,
        "environment": environment,
        "suite": suite,
    }
    # A program may want every figure; the table shows percentiles of the latency alone.
    wanted = {} if output is ResultFormat.TABLE else {"percentiles": _PERCENTILES}
    found = metrics.summary(prompt, version, by=groups, scores=scores, **wanted, **chosen)
    if output is ResultFormat.JSON:
        print_json([summary_record(item) for item in found])
    elif output is ResultFormat.CSV:
        _write_csv_records([_flat(summary_record(item)) for item in found], groups)
    elif not found:
        message("No calls match.")
    else:
        _show_summaries(found, groups)
        if "model" in groups:
            _show_ranking(metrics.compare_models(prompt, version, **chosen))


@app.command()
def query(
    sql: Annotated[
        str, typer.Argument(help="One SELECT on the view calls; - reads it from stdin.")
    ],
    output: Annotated[ResultFormat, typer.Option("--format", help="How to answer.")] = (
        ResultFormat.TABLE
    ),
) -> None:
    """Answer read-only DuckDB SQL on the view `calls`; it can write nothing and read no files."""
    text = sys.stdin.read() if sql == "-" else sql
    result = open_metrics().query(text)
    match output:
        case ResultFormat.JSON:
            print_json(result.records())
        case ResultFormat.CSV:
            _write_csv(result)
        case ResultFormat.PARQUET:
            if sys.stdout.isatty():
                raise ConfigError("Parquet does not go to a terminal", fix="redirect it to a file")
            result.write_parquet(sys.stdout.buffer)
        case ResultFormat.TABLE:
            table(
                [name.upper() for name in result.columns],
                ([_cell(value) for value in row] for row in result.rows),
                right=_number_columns(result),
            )


app.command("log")(metrics_write.log)
app.command("import")(metrics_write.import_file)
app.command("export")(metrics_write.export_file)
app.command("push")(metrics_share.push)
app.command("pull")(metrics_share.pull)
app.command("status")(metrics_upkeep.status)
app.command("compact")(metrics_upkeep.compact)
app.command("ship")(metrics_upkeep.ship)
app.command("purge")(metrics_upkeep.purge)
app.command("doctor")(metrics_upkeep.doctor)


def summary_record(item: Summary) -> dict[str, Any]:
    """Return a summary as plain JSON values."""
    figures = {
        name: {key: getattr(value, key) for key in value.__dataclass_fields__}
        for name in (
            "latency",
            "time_to_first_token",
            "cost",
            "input_tokens",
            "output_tokens",
            "cached_input_tokens",
            "reasoning_tokens",
            "quality",
            "accuracy",
        )
        if (value := getattr(item, name)).n
    }
    scores = {
        name: {key: getattr(value, key) for key in value.__dataclass_fields__}
        for name, value in item.scores.items()
    }
    group = {
        key: value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in item.group.items()
    }
    return {
        **group,
        "calls": item.calls,
        "first": item.first.isoformat(),
        "last": item.last.isoformat(),
        "success_rate": item.success_rate,
        "currency": item.currency,
        **figures,
        **({"scores": scores} if scores else {}),
    }


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}_")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _write_csv_records(records: list[dict[str, Any]], groups: list[str]) -> None:
    # Figures that no row has get no column; without any row these always do.
    always = [*groups, "calls", "first", "last", "success_rate", "currency"]
    names = list(dict.fromkeys([*always, *(name for record in records for name in record)]))
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)


def _write_csv(result: QueryResult) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows(result.rows)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= _MAX_WIDTH else f"{text[: _MAX_WIDTH - 1]}…"


def _number_columns(result: QueryResult) -> list[int]:
    first = result.rows[:20]
    return [
        number
        for number in range(len(result.columns))
        if any(isinstance(row[number], int | float) for row in first)
    ]


def _show_summaries(found: list[Summary], groups: list[str]) -> None:
    headers = [name.upper() for name in groups]
    headers += ["CALLS", "OK", "P50 MS", "P95 MS", "COST/CALL", "COST", "IN", "OUT", "QUALITY"]
    rows = [
        [
            *(_group_cell(item.group[name], name) for name in groups),
            f"{item.calls:,}",
            "-" if item.success_rate is None else f"{item.success_rate:.1%}",
            _number(item.latency.p50, ",.0f"),
            _number(item.latency.p95, ",.0f"),
            _money(item.cost.mean, item.currency),
            _money(item.cost.total, item.currency),
            _number(item.input_tokens.mean, ",.0f"),
            _number(item.output_tokens.mean, ",.0f"),
            _number(item.quality.mean, ".3f"),
        ]
        for item in found
    ]
    table(headers, rows, right=range(len(groups), len(headers)))
    for item in found:
        if item.scores:
            where = " ".join(_group_cell(item.group[name], name) for name in groups)
            shown = ", ".join(f"{k} {v.mean:.4g} (n={v.n:,})" for k, v in item.scores.items())
            data(f"{where}: {shown}")


def _group_cell(value: Any, name: str) -> str:
    if value is None:
        return "-"
    if name == "hour":
        return f"{value:%Y-%m-%d %H:00}"
    if name in {"day", "week"}:
        return f"{value:%Y-%m-%d}"
    return f"{value:%Y-%m}" if name == "month" else str(value)


def _number(value: float | None, spec: str) -> str:
    return "-" if value is None else format(value, spec)


def _money(value: float | None, currency: str | None) -> str:
    if value is None:
        return "mixed" if currency == "mixed" else "-"
    # A call costs fractions of a cent: three digits that count, whatever the size.
    number = f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.3g}"
    return f"${number}" if currency == "USD" else f"{number} {currency}"


def _show_ranking(ranking: ModelRanking) -> None:
    lines: list[tuple[str, ModelPick | None, str]] = [
        ("fastest", ranking.fastest, "p50 {:,.0f} ms"),
        ("cheapest", ranking.cheapest, "{:.6f} a call"),
        ("best", ranking.best, "quality {:.3f}"),
        ("most reliable", ranking.most_reliable, "{:.1%} succeed"),
    ]
    if len(ranking.models) > 1:
        data("")
        for title, pick, shown in lines:
            if pick is not None:
                data(f"{title + ':':<15} {pick.model} ({shown.format(pick.value)}, n={pick.n:,})")
