"""Accepted regressions as text: what is written, and where."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from promptreg.config import Accept
from promptreg.errors import ConfigError
from promptreg.gate.entries import append_entries, harm_text
from promptreg.stats.gate import Judgement, Verdict
from promptreg.stats.thresholds import parse_threshold

ENTRY = Accept("a/b", "0123456789ab", "quality", "-15%", 'so "be" it\\ \x7f é', date(2026, 12, 31))


@pytest.mark.parametrize(
    ("threshold", "base", "head", "expected"),
    [
        ("quality:-10%", 0.91, 0.78, "-15%"),
        ("cost:+20%", 1.0, 1.25, "+25%"),
        ("cost:+20%", 1.0, 1.2501, "+26%"),
        ("error_rate:+5pp", 0.02, 0.0951, "+8pp"),
        ("latency:+100ms", 800.0, 1013.7, "+214"),
        ("quality:-0.05", 0.9, 0.8123, "-0.0877"),
        ("success_rate:>=95%", None, 0.9013, ">=90.1%"),
        ("latency.p95:<=2s", None, 2345.6, "<=2350"),
        ("cost:<=0.01", None, 0.01234, "<=0.0124"),
    ],
)
def test_the_measured_harm_is_rounded_outward(
    threshold: str, base: float | None, head: float, expected: str
) -> None:
    """What is accepted by default is what was measured, and a little more, never less."""
    parsed = parse_threshold(threshold)
    relative = "%" in threshold and ":>" not in threshold
    change = None
    if base is not None:
        change = head / base - 1.0 if relative else head - base
    judgement = Judgement(
        parsed, Verdict.FAIL, base=base, head=head, change=change, relative=relative
    )
    assert harm_text(judgement) == expected
    parse_threshold(f"{parsed.name}:{expected}")


@pytest.mark.parametrize("before", ["", "# nothing\n", "x = 1", "[gate]\r\ncost = '+9%'\r\n"])
@pytest.mark.parametrize("section", ["", "tool.promptreg."])
def test_an_entry_is_appended_to_any_file(before: str, section: str) -> None:
    """The text before stays, the entry reads back as it was, twice as well."""
    once = append_entries(before, [ENTRY], section=section)
    assert once.startswith(before)
    table = tomllib.loads(append_entries(once, [ENTRY], section=section))
    for key in filter(None, section.split(".")):
        table = table[key]
    assert [Accept(**entry) for entry in table["accept"]] == [ENTRY, ENTRY]


def test_an_inline_list_is_refused() -> None:
    """A list that cannot be appended to is an error, not a broken file."""
    with pytest.raises(ConfigError, match="cannot be appended"):
        append_entries("accept = []\n", [ENTRY])
