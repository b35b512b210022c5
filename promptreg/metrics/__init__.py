"""Metrics of LLM calls: logging with the standard library alone, questions with the extra."""

from __future__ import annotations

from promptreg.metrics.facade import Metrics
from promptreg.metrics.row import MetricRow
from promptreg.metrics.summary import Figures, Filter, ModelPick, ModelRanking, Summary

__all__ = ["Figures", "Filter", "MetricRow", "Metrics", "ModelPick", "ModelRanking", "Summary"]
