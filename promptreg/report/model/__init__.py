"""What a report shows, as frozen rows; collecting and rendering meet only here.

The same rows are the JSON of ``promptreg report --format json``; `promptreg.report.schema` derives
its JSON Schema from them. A change that removes or retypes a field raises the number in `SCHEMA`.
Times are UTC in ISO 8601; money is in `Report.currency`; latency is in milliseconds.

They are named tuples: each version has about fifty, and a tuple is made in a third of the time that
a frozen dataclass takes.
"""

from __future__ import annotations

from promptreg.report.model.arms import Arm, ArmContext, ArmMetric, Arms, MetricScale
from promptreg.report.model.comparisons import (
    Alert,
    Comparison,
    MetricComparison,
    ModelTest,
    Severity,
    State,
    Verdict,
)
from promptreg.report.model.metrics import (
    DEFAULT_METRICS,
    Histogram,
    MetricInfo,
    MetricSummary,
    ModelSummary,
    Point,
    Series,
)
from promptreg.report.model.prompts import (
    Annotation,
    ChangeRow,
    Fragment,
    LevelName,
    MessageRow,
    PromptRow,
    VariableRow,
    VersionRow,
    latest_of,
    mean_of,
    median_of,
)
from promptreg.report.model.whole import SCHEMA, Experiment, Figure, LabelRow, Overview, Report

__all__ = [
    "DEFAULT_METRICS",
    "SCHEMA",
    "Alert",
    "Annotation",
    "Arm",
    "ArmContext",
    "ArmMetric",
    "Arms",
    "ChangeRow",
    "Comparison",
    "Experiment",
    "Figure",
    "Fragment",
    "Histogram",
    "LabelRow",
    "LevelName",
    "MessageRow",
    "MetricComparison",
    "MetricInfo",
    "MetricScale",
    "MetricSummary",
    "ModelSummary",
    "ModelTest",
    "Overview",
    "Point",
    "PromptRow",
    "Report",
    "Series",
    "Severity",
    "State",
    "VariableRow",
    "Verdict",
    "VersionRow",
    "latest_of",
    "mean_of",
    "median_of",
]
