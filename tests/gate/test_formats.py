"""The six formats: golden files, and what hostile texts must not do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from promptreg.errors import Location
from promptreg.findings import Finding
from promptreg.formats import ChangedPrompt, CheckFormat, CheckReport, render_check
from promptreg.gate import Comparison, Context, Delta, GateReport, GateRow, Outcome, PromptChange
from promptreg.stats.effects import Interval
from promptreg.stats.gate import Judgement, Verdict
from promptreg.stats.thresholds import parse_threshold
from tests.gate.golden import assert_golden
from tests.gate.worlds import BASE, HEAD

ENDINGS = {
    CheckFormat.TEXT: "txt",
    CheckFormat.JSON: "json",
    CheckFormat.MARKDOWN: "md",
    CheckFormat.GITHUB: "github.txt",
    CheckFormat.JUNIT: "xml",
    CheckFormat.GITLAB: "gitlab.json",
}
HOSTILE = "x::error::y\n::set-output name=a::b\r%0A <script>alert(1)</script> | `tick` @all \x07]]>"


def _row(
    threshold: str,
    outcome: Outcome,
    base: float,
    head: float,
    bounds: tuple[float, float],
    *,
    needed: int | None = None,
    relative: bool = True,
) -> GateRow:
    verdicts = {Outcome.OK: Verdict.PASS, Outcome.REGRESSION: Verdict.FAIL}
    judgement = Judgement(
        parse_threshold(threshold),
        verdicts.get(outcome, Verdict.INCONCLUSIVE),
        base=base,
        head=head,
        change=head / base - 1.0 if relative else head - base,
        interval=Interval(*bounds),
        relative=relative,
        n_base=60,
        n_head=60,
        p_harm=0.004,
        p_within=0.2,
        needed=needed,
    )
    return GateRow(judgement, outcome)


CHANGE = PromptChange(
    "summarizer", "1.2.0", BASE, "1.3.0", HEAD, "prompts/summarizer.prompt.yml", 3
)
COMPARISON = Comparison(
    CHANGE,
    Context("news", "d" * 64, "ci"),
    ("gpt-4o",),
    paired=True,
    n_base=60,
    n_head=60,
    rows=(
        _row("quality:-10%", Outcome.REGRESSION, 0.91, 0.78, (-0.18, -0.1)),
        _row("cost:+20%", Outcome.OK, 0.004, 0.00408, (-0.01, 0.05)),
        _row("latency:+30%", Outcome.UNDECIDED, 810.0, 883.0, (-0.2, 0.46), needed=40),
        _row("error_rate:+5pp", Outcome.OK, 0.02, 0.025, (-0.03, 0.04), relative=False),
    ),
    deltas=(
        Delta("input_tokens", 812.0, 934.0, "tokens"),
        Delta("output_tokens", 120.4, 119.0, "tokens"),
        Delta("cost", 0.004, 0.00408, "$"),
    ),
    notes=("2 cases ran in the head only, not compared",),
)
REPORT = CheckReport(
    base="origin/main",
    base_commit="9f3c2e1",
    base_source="from CI",
    prompts=(
        ChangedPrompt(
            "triage",
            "prompts/triage.prompt.yml",
            "1.2.0",
            "1.2.1",
            "minor",
            ("message-changed: user message, line 14",),
        ),
        ChangedPrompt(
            "summarizer",
            "prompts/summarizer.prompt.yml",
            "1.2.0",
            "1.3.0",
            "minor",
            ("message-changed: system message, line 9", "parameter-changed: temperature .7 -> .2"),
        ),
    ),
    findings=(
        Finding(
            "level-too-low",
            "error",
            "1.2.1 is patch, needs minor (message-changed, line 14)",
            Location("prompts/triage.prompt.yml", 2, 10),
            prompt="triage",
            fix="promptreg bump prompts/triage.prompt.yml",
            possible=("1.3.0", "2.0.0"),
            suggestion="version: 1.3.0\ndigest: 4f1a2b3c5d6e",
            fixable=True,
        ),
        Finding(
            "unknown-key",
            "warning",
            "unknown key 'temprature'",
            Location("prompts/triage.prompt.yml", 6, 3),
            prompt="triage",
        ),
    ),
    gate=GateReport((COMPARISON,)),
    report_url="https://example.org/runs/7/report.html",
)


@pytest.mark.parametrize("form", CheckFormat)
def test_a_failing_check_is_written_as_agreed(form: CheckFormat) -> None:
    """Each format writes the example of the design as its golden file has it."""
    assert_golden(f"check.{ENDINGS[form]}", render_check(REPORT, form) + "\n")


@pytest.mark.parametrize("form", CheckFormat)
def test_a_clean_check_is_written_as_agreed(form: CheckFormat) -> None:
    """Each format writes a check that found nothing."""
    report = CheckReport("main", "9f3c2e1", "given", REPORT.prompts)
    assert_golden(f"clean.{ENDINGS[form]}", render_check(report, form) + "\n")


def test_the_text_is_the_designs_example() -> None:
    """The table of the design, line by line, but for the values it abbreviates."""
    text = render_check(REPORT)
    assert text.startswith("Base origin/main (9f3c2e1, from CI): 2 prompts changed\n")
    assert "\n  quality     0.91 -> 0.78" in text
    assert "cannot tell: 40 more cases" in text
    assert "accept:" in text
    assert text.endswith(
        "1 error (fixable with `promptreg bump`), 1 warning, 1 regression, 1 undecided."
    )


def test_colours_do_not_move_the_columns() -> None:
    """Without its colour codes the coloured text is the plain one."""

    def style(text: str, *names: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if names else text

    coloured = render_check(REPORT, style=style)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render_check(REPORT)


def _hostile() -> CheckReport:
    finding = replace(
        REPORT.findings[0], message=HOSTILE, rule="a,b:c", location=Location("p,q:\n.yml", 1, 1)
    )
    comparison = replace(COMPARISON, notes=(HOSTILE,), models=(HOSTILE,))
    prompt = replace(REPORT.prompts[0], changes=(HOSTILE,))
    return replace(REPORT, prompts=(prompt,), findings=(finding,), gate=GateReport((comparison,)))


def test_hostile_texts_make_no_workflow_command() -> None:
    """Each line of the GitHub format is one of our annotations or the closing sentence."""
    *lines, last = render_check(_hostile(), CheckFormat.GITHUB).splitlines()
    pattern = re.compile(
        r"::(error|warning|notice) file=[^:,\r\n]*,line=\d+(,col=\d+)?,title=[^:,]*::[^\r\n]*"
    )
    assert all(pattern.fullmatch(line) for line in lines)
    assert not last.startswith("::")
    assert "%250A" in lines[0]


def test_hostile_texts_stay_texts_in_markdown() -> None:
    """No HTML, no mention, no table cell and no heading comes out of a text."""
    written = render_check(_hostile(), CheckFormat.MARKDOWN)
    assert "<script>" not in written
    assert "@all" not in written
    for line in written.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in {5, 7}


def test_hostile_texts_stay_one_line_of_text() -> None:
    """No text starts a line of its own on a CI's log."""
    lines = render_check(_hostile()).splitlines()
    assert not [line for line in lines if line.startswith("::")]


def test_hostile_texts_leave_the_xml_well_formed() -> None:
    """Control characters and markup do not break the JUnit file."""
    root = ET.fromstring(render_check(_hostile(), CheckFormat.JUNIT))
    assert root.find(".//failure") is not None


def test_more_than_ten_annotations_of_a_kind_go_to_the_summary() -> None:
    """Ten errors and ten warnings are shown; the rest is counted and stands in the markdown."""
    errors = tuple(
        replace(REPORT.findings[0], message=f"number {i}", severity=severity)
        for severity in ("error", "warning")
        for i in range(14)
    )
    report = CheckReport(prompts=REPORT.prompts, findings=errors)
    lines = render_check(report, CheckFormat.GITHUB).splitlines()
    assert sum(line.startswith("::error") for line in lines) == 10
    assert sum(line.startswith("::warning") for line in lines) == 10
    assert lines[-1].endswith("8 more annotations in the step summary.")
    assert "number 13" in render_check(report, CheckFormat.MARKDOWN)


def test_infinite_bounds_are_null_in_json() -> None:
    """JSON has no infinity; a bound that is none is null."""
    row = _row("cost:+20%", Outcome.UNDECIDED, 1.0, 1.1, (-0.5, float("inf")))
    report = CheckReport(gate=GateReport((replace(COMPARISON, rows=(row,)),)))
    value = json.loads(render_check(report, CheckFormat.JSON))
    assert value["gate"]["comparisons"][0]["metrics"][0]["interval"] == [-0.5, None]
    assert "+inf" in render_check(report)


def test_gitlab_fingerprints_stay_when_lines_move() -> None:
    """An issue that moves to another line keeps its fingerprint."""
    moved = replace(REPORT.findings[0], location=Location("prompts/triage.prompt.yml", 40, 1))
    first, second = (
        json.loads(render_check(CheckReport(findings=(finding,)), CheckFormat.GITLAB))[0]
        for finding in (REPORT.findings[0], moved)
    )
    assert first["fingerprint"] == second["fingerprint"]
    assert first["location"] != second["location"]


def test_undecided_without_rows_names_the_command() -> None:
    """A prompt nobody measured says how to measure it."""
    bare = Comparison(CHANGE, notes=("no rows of either side",))
    report = CheckReport(gate=GateReport((bare,)))
    assert "promptreg metrics log --from-jsonl FILE" in render_check(report)
    assert report.undecided == 1
    assert not report.failed


def test_an_accepted_regression_says_until_when() -> None:
    """The table tells an accepted regression and its reason."""
    from promptreg.config import Accept

    entry = Accept("summarizer", HEAD, "quality", "-20%", "new tone", date(2026, 12, 31))
    row = replace(
        COMPARISON.rows[0],
        outcome=Outcome.ACCEPTED,
        accepted=entry,
        note="accepted until 2026-12-31: new tone",
    )
    report = CheckReport(gate=GateReport((replace(COMPARISON, rows=(row,)),)))
    assert "accepted until 2026-12-31: new tone" in render_check(report)
    assert not report.failed


def test_files_that_are_checked_alone_are_counted() -> None:
    """Without a base the first line says how many files it was, not how many prompts changed."""
    assert render_check(CheckReport(files=1)) == "1 file checked\nNothing found."
    assert render_check(CheckReport(files=3)).startswith("3 files checked\n")
