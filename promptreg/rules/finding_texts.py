"""The words of the findings: by severity, then by id: title, explanation, example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.findings import Severity

__all__ = ["FINDING_TEXTS"]

FINDING_TEXTS: Mapping[Severity, Mapping[str, tuple[str, str, str]]] = {
    "error": {},
    "warning": {},
    "info": {},
}
