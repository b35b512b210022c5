"""The columns of a metric row: the one list that the log, the table and the documentation share.

Names follow the OpenTelemetry semantic conventions for generative AI where these have one:
https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

from enum import StrEnum

from promptreg.values import dataclass

__all__ = ["BY_NAME", "COLUMNS", "NAMES", "Column", "Kind", "columns_table"]


class Kind(StrEnum):
    """What values a column takes."""

    TIME = "time"
    TEXT = "text"
    COUNT = "count"
    MEASURE = "measure"
    NUMBER = "number"
    FRACTION = "fraction"
    FLAG = "flag"
    SCORES = "scores"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the kind of its values, the unit, OpenTelemetry's name, a sentence."""

    name: str
    kind: Kind
    about: str
    unit: str = ""
    otel: str = ""


COLUMNS: tuple[Column, ...] = (
    Column("ts", Kind.TIME, "When the call began, naive UTC.", "microseconds", "span start time"),
    Column("prompt", Kind.TEXT, "Name of the prompt.", "", "gen_ai.prompt.name"),
    Column("version", Kind.TEXT, "Version of the prompt, or its pseudo-version."),
    Column("digest", Kind.TEXT, "Content digest of the prompt.", "64 hex digits"),
    Column("commit", Kind.TEXT, "Commit the prompt was read from.", "", "vcs.ref.head.revision"),
    Column("environment", Kind.TEXT, "Where it ran.", "", "deployment.environment.name"),
    Column("run_id", Kind.TEXT, "One evaluation run or trace.", "", "trace id"),
    Column("suite", Kind.TEXT, "Evaluation suite; empty for production calls."),
    Column("dataset_digest", Kind.TEXT, "Content digest of the suite's cases."),
    Column("case_id", Kind.TEXT, "Case of the suite, the key of paired comparisons."),
    Column("repeat", Kind.COUNT, "Number of the repetition of a case.", "from 0"),
    Column("experiment", Kind.TEXT, "Experiment the call took part in."),
    Column("variant", Kind.TEXT, "Variant of the experiment that was served."),
    Column("unit", Kind.TEXT, "Who was assigned, such as a user's id.", "", "enduser.pseudo.id"),
    Column("provider", Kind.TEXT, "Provider of the model.", "", "gen_ai.provider.name"),
    Column("model", Kind.TEXT, "Model that answered.", "", "gen_ai.response.model"),
    Column("temperature", Kind.MEASURE, "Sampling temperature.", "", "gen_ai.request.temperature"),
    Column("top_p", Kind.FRACTION, "Nucleus sampling.", "0 to 1", "gen_ai.request.top_p"),
    Column("max_tokens", Kind.COUNT, "Limit of the answer.", "tokens", "gen_ai.request.max_tokens"),
    Column(
        "input_tokens",
        Kind.COUNT,
        "Tokens of the request, those read from a cache included.",
        "tokens",
        "gen_ai.usage.input_tokens",
    ),
    Column(
        "output_tokens",
        Kind.COUNT,
        "Tokens of the answer, reasoning included.",
        "tokens",
        "gen_ai.usage.output_tokens",
    ),
    Column(
        "cached_input_tokens",
        Kind.COUNT,
        "Part of `input_tokens` that the provider's cache served.",
        "tokens",
        "gen_ai.usage.cache_read.input_tokens",
    ),
    Column(
        "reasoning_tokens",
        Kind.COUNT,
        "Part of `output_tokens` spent on reasoning.",
        "tokens",
        "gen_ai.usage.reasoning.output_tokens",
    ),
    Column(
        "latency_ms",
        Kind.MEASURE,
        "Time to the end of the answer.",
        "milliseconds",
        "gen_ai.client.operation.duration (seconds)",
    ),
    Column(
        "time_to_first_token_ms",
        Kind.MEASURE,
        "Time to the first token.",
        "milliseconds",
        "gen_ai.server.time_to_first_token (seconds)",
    ),
    Column("cost", Kind.MEASURE, "Price of the call; empty when it is not known.", "`currency`"),
    Column("currency", Kind.TEXT, "Currency of `cost`; empty means USD.", "ISO 4217"),
    Column("quality_score", Kind.FRACTION, "Judged quality, higher is better.", "0 to 1"),
    Column("accuracy", Kind.FRACTION, "Agreement with the expected answer.", "0 to 1"),
    Column("success", Kind.FLAG, "Whether the call did its work."),
    Column("error_type", Kind.TEXT, "Class of the error.", "", "error.type"),
    Column("error_message", Kind.TEXT, "Text of the error.", "", "exception.message"),
    Column("scores", Kind.SCORES, "Custom figures by name.", "", "gen_ai.evaluation.score.value"),
    Column("metadata", Kind.JSON, "Anything else, as JSON text; never compared."),
)
"""Every column in the order of the table."""

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
BY_NAME = {column.name: column for column in COLUMNS}


def columns_table() -> str:
    """Return the columns as the Markdown table of docs/metrics.md."""
    lines = ["| column | type | unit | what it holds | OpenTelemetry |", "|---|---|---|---|---|"]
    for column in COLUMNS:
        otel = f"`{column.otel}`" if column.otel and " " not in column.otel else column.otel
        cells = (f"`{column.name}`", _TYPES[column.kind], column.unit, column.about, otel)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


_TYPES = {
    Kind.TIME: "timestamp",
    Kind.TEXT: "text",
    Kind.COUNT: "int64",
    Kind.MEASURE: "double",
    Kind.NUMBER: "double",
    Kind.FRACTION: "double",
    Kind.FLAG: "boolean",
    Kind.SCORES: "map<text, double>",
    Kind.JSON: "text (JSON)",
}
