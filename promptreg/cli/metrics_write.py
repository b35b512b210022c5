"""`promptreg metrics log`, `import` and `export`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from promptreg.cli.completion import complete_paths, complete_references, complete_selectors
from promptreg.cli.context import given_path
from promptreg.cli.metrics_options import (
    Environment,
    Model,
    Prompt,
    Since,
    Suite,
    Until,
    Version,
    open_metrics,
    parse_pairs,
    parse_time,
)
from promptreg.cli.output import message
from promptreg.cli.progress import progress_bar
from promptreg.errors import ConfigError, MetricsError

if TYPE_CHECKING:
    from promptreg.metrics import Metrics
    from promptreg.operations.completing import RowCompleter

__all__ = ["export_file", "import_file", "log"]

_File = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Rows from a file; - is stdin.", autocompletion=complete_paths
    ),
]
_Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="THEIRS=OURS",
        help="Take the file's column THEIRS as OURS; scores.NAME makes a custom score, "
        "an empty OURS leaves the column out. May be repeated.",
    ),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Check every row and write none.")]


_ENDINGS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class FileFormat(StrEnum):
    """Formats of files with rows."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


def log(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME[@REF]]",
            help="The prompt and version that was called; its digest is filled in.",
            autocompletion=complete_references,
        ),
    ] = None,
    selector: Annotated[
        str | None,
        typer.Argument(
            metavar="[REF]", help="The same REF, given apart.", autocompletion=complete_selectors
        ),
    ] = None,
    latency_ms: Annotated[float | None, typer.Option(help="Time to the end of the answer.")] = None,
    model: Annotated[str | None, typer.Option(help="Model that answered.")] = None,
    provider: Annotated[str | None, typer.Option(help="Its provider.")] = None,
    input_tokens: Annotated[int | None, typer.Option(help="Tokens of the request.")] = None,
    output_tokens: Annotated[int | None, typer.Option(help="Tokens of the answer.")] = None,
    cost: Annotated[
        float | None, typer.Option(help="Price; found from model and tokens when left out.")
    ] = None,
    quality: Annotated[float | None, typer.Option(help="Judged quality, 0 to 1.")] = None,
    success: Annotated[
        bool | None, typer.Option("--success/--failure", help="Whether the call did its work.")
    ] = None,
    score: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="A custom score; repeatable.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="Any other column; repeatable."),
    ] = None,
    from_jsonl: _File = None,
    from_csv: _File = None,
    from_parquet: _File = None,
    mapping: _Map = None,
    head: Annotated[
        bool,
        typer.Option("--head", help="The file's rows were made with HEAD's content, as it is."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse rows of versions that were never released.")
    ] = False,
    dry_run: _DryRun = False,
) -> None:
    """Log one call from arguments, or many from a file.

    promptreg metrics log summarizer@1.2.0 --latency-ms 812 --model gpt-4o --input-tokens 350
    """
    from promptreg.cli.context import open_registry
    from promptreg.operations.completing import RowCompleter

    values = {
        "latency_ms": latency_ms,
        "model": model,
        "provider": provider,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cost": cost,
        "quality_score": quality,
        "success": success,
    }
    values |= _columns(column or [], score or [])
    files = {"jsonl": from_jsonl, "csv": from_csv, "parquet": from_parquet}
    given = [(kind, file) for kind, file in files.items() if file is not None]
    if len(given) > 1 or (given and reference):
        raise ConfigError("give one file, or NAME@REF", fix="one of them at a time")
    with open_registry() as registry:
        if given:
            kind, file = given[0]
            defaults = {name: value for name, value in values.items() if value is not None}
            with _opened(file, kind) as stream:
                completer = RowCompleter(registry, head=head, strict=strict)
                rows = _rows(completer, stream, kind, mapping or [], defaults)
                _log_rows(registry.metrics, rows, stream, kind, dry_run=dry_run)
        elif reference is None:
            raise ConfigError("which call?", fix="give NAME@REF, or --from-jsonl FILE")
        elif form := _ENDINGS.get(Path(reference).suffix.lower()):
            raise ConfigError(f"{reference} is a file", fix=f"--from-{form} {reference}")
        else:
            found = registry.resolve(reference, selector)
            row = {
                "prompt": found.reference.name,
                "version": str(found.version),
                "digest": found.content.digest,
                "commit": found.commit,
            }
            _log_one(registry.metrics, row | values, dry_run=dry_run)


def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="A Parquet, CSV or JSON lines file.", autocompletion=complete_paths),
    ],
    kind: Annotated[
        FileFormat | None, typer.Option("--format", help="Its format; by default its ending.")
    ] = None,
    mapping: _Map = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="A column the rows lack; repeatable."),
    ] = None,
    dry_run: _DryRun = False,
) -> None:
    """Append a file's rows to the table; importing the same file again adds nothing."""
    from promptreg.storage.transfer import how_much, import_rows

    chosen = kind.value if kind else _format_of(file)
    store = open_metrics().store
    path = given_path(file)
    with path.open("rb") as stream:
        total = how_much(stream, chosen)
    with progress_bar("importing rows", total) as progress:
        added = import_rows(
            store,
            path,
            chosen,
            columns=parse_pairs("--map", mapping or []) or None,
            defaults=_columns(column or [], []),
            dry_run=dry_run,
            progress=progress,
        )
    message(f"{'Would import' if dry_run else 'Imported'} {added:,} rows.")


def export_file(
    target: Annotated[
        Path,
        typer.Option("-o", "--output", help="The file to write.", autocompletion=complete_paths),
    ],
    kind: Annotated[
        FileFormat | None, typer.Option("--format", help="Its format; by default its ending.")
    ] = None,
    prompt: Prompt = None,
    version: Version = None,
    model: Model = None,
    environment: Environment = None,
    suite: Suite = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write rows to a Parquet, CSV or JSON lines file, the oldest first."""
    from promptreg.metrics import Filter
    from promptreg.storage.transfer import export_rows

    chosen = Filter(
        prompt=prompt,
        version=version,
        model=model,
        environment=environment,
        suite=suite,
        since=parse_time(since),
        until=parse_time(until),
    )
    form = kind.value if kind else _format_of(target)
    path = given_path(target)
    count = export_rows(open_metrics().store, path, form, chosen)
    message(f"Wrote {count:,} rows to {path}.")


def _format_of(path: Path) -> str:
    try:
        return _ENDINGS[path.suffix.lower()]
    except KeyError:
        raise ConfigError(
            f"the format of {path} is not clear", fix="pass --format parquet, csv or jsonl"
        ) from None


def _columns(pairs: list[str], scores: list[str]) -> dict[str, Any]:
    from promptreg.storage.transfer import typed_column

    found: dict[str, Any] = {
        name: typed_column(name, value) for name, value in parse_pairs("--set", pairs).items()
    }
    if scores:
        found["scores"] = {
            name: _score(name, value) for name, value in parse_pairs("--score", scores).items()
        }
    return found


def _score(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--score {name} must be a number, not {text!r}") from None


@contextmanager
def _opened(file: str, kind: str) -> Iterator[IO[bytes]]:
    if file == "-":
        if kind == "parquet":
            raise ConfigError("Parquet cannot be read from stdin", fix="write it to a file first")
        yield sys.stdin.buffer
        return
    with given_path(file).open("rb") as stream:
        yield stream


def _rows(
    completer: RowCompleter,
    stream: IO[bytes],
    kind: str,
    mapping: list[str],
    defaults: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    from promptreg.storage.transfer import read_records

    records = read_records(stream, kind, parse_pairs("--map", mapping) or None)
    for number, record in enumerate(records, 1):
        try:
            yield completer.complete(defaults | record)
        except MetricsError as error:
            raise MetricsError(f"row {number}: {error.message}", fix=error.fix) from error


def _log_one(metrics: Metrics, row: dict[str, Any], *, dry_run: bool) -> None:
    if dry_run:
        metrics = _checker(metrics)
    metrics.log(**row)
    metrics.close()
    message(f"{'Would log' if dry_run else 'Logged'} 1 row.")


def _checker(metrics: Metrics) -> Metrics:
    """Return metrics that check rows and write none."""
    from promptreg.metrics import Metrics as Checker

    return Checker(metrics.location, wal=metrics.wal, sink="none")


def _log_rows(
    metrics: Metrics,
    rows: Iterator[dict[str, Any]],
    stream: IO[bytes],
    kind: str,
    *,
    dry_run: bool,
) -> None:
    from promptreg.storage.transfer import how_much

    if dry_run:
        metrics = _checker(metrics)
    with progress_bar("logging rows", how_much(stream, kind)) as progress:
        count = metrics.log_many(_watched(rows, stream, kind, progress))
    metrics.close()
    noun = "row" if count == 1 else "rows"
    message(f"{'Would log' if dry_run else 'Logged'} {count:,} {noun}.")


def _watched(
    rows: Iterator[dict[str, Any]], stream: IO[bytes], kind: str, progress: Callable[[int], None]
) -> Iterator[dict[str, Any]]:
    from promptreg.storage.transfer import how_far

    for number, row in enumerate(rows):
        if number % 1000 == 0:
            progress(how_far(stream, kind, number))
        yield row
