"""The report in Markdown: as GitHub renders it, and as a terminal shows it."""

from __future__ import annotations

from markdown_it import MarkdownIt

from promptreg.formats.markdown import code, escape
from promptreg.report.brief import line_of
from promptreg.report.markdown import markdown_report
from promptreg.report.model import (
    Alert,
    LabelRow,
    MetricComparison,
    Overview,
    PromptRow,
    Report,
    VersionRow,
)
from tests.report.synthetic import synthetic_report

HOSTILE = (
    "a | b \\| c",
    "<img src=x onerror=alert(1)> </td></table>",
    "[link](javascript:alert(1)) ![pixel](https://example.com/p.png)",
    "`code` ``` # **bold** _it_ ~~gone~~",
    "@everyone &lt; &amp;",
    "two\n\n# lines",
    "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202eoverride",
)


def _markdown(report: Report) -> str:
    return markdown_report(report, [line_of(prompt) for prompt in report.prompts])


def _tags(text: str) -> set[str]:
    """Return the kinds of elements that a renderer of GitHub's tables makes."""
    kinds = set()
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        kinds |= {token.type, *(child.type for child in token.children or ())}
    return kinds


def test_hostile_texts_stay_text() -> None:
    """Names, labels, verdicts, notes and the title make no markup and move no terminal."""
    plain = synthetic_report(len(HOSTILE), 3)
    rows = tuple(LabelRow(evil, evil, "1.0.0", verdict=evil) for evil in HOSTILE)
    prompts = tuple(
        p._replace(
            name=evil, versions=tuple(v._replace(author=evil, yanked=evil) for v in p.versions)
        )
        for p, evil in zip(plain.prompts, HOSTILE, strict=True)
    )
    report = plain._replace(
        title=" ".join(HOSTILE),
        repository=HOSTILE[0],
        notes=HOSTILE,
        prompts=prompts,
        overview=plain.overview._replace(
            labels=rows, unpromoted=tuple((e, "1.0.0") for e in HOSTILE)
        ),
    )
    text = _markdown(report)
    assert not [
        c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e")
    ]
    allowed = _tags(_markdown(plain)) | {"blockquote_open", "blockquote_close"}
    assert {"table_open", "heading_open"} < allowed
    assert _tags(text) - {"softbreak"} <= allowed | {"text_special"}
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table[-len(HOSTILE) :]}) == 1


def test_code_and_escape_keep_what_harms_nobody() -> None:
    """Letters of any script, joined emoji and combining marks are no control characters."""
    kept = "e\u0301 \u0645\u0631 \u4e2d \U0001f469\u200d\U0001f4bb"
    assert escape(kept) == kept
    assert code(kept) == f"`{kept}`"


def test_columns_stand_below_each_other() -> None:
    """Each row of a table is as wide as its head, unless a cell is a whole sentence."""
    report = synthetic_report(3, 3)._replace(overview=Overview(), alerts=())
    lines = [line for line in _markdown(report).splitlines() if line.startswith("|")]
    prompts = lines[-5:]
    assert len({len(line) for line in prompts}) == 1
    assert prompts[1].count("-:") == 6
    long = report._replace(
        overview=Overview(labels=(LabelRow("x", "p", "1.0.0", verdict="w" * 99),))
    )
    assert max(map(len, _markdown(long).splitlines())) < 150


def test_it_says_what_is_new_and_what_the_figures_are_of() -> None:
    """A yanked version is not the latest, a deleted prompt says so, figures name their version."""
    report = synthetic_report(1, 3)
    first, second, third = report.prompts[0].versions
    prompt = report.prompts[0]._replace(
        deleted=True,
        versions=(
            first._replace(calls=5),
            second._replace(calls=0),
            third._replace(calls=0, yanked="too | long"),
        ),
    )
    text = _markdown(report._replace(prompts=(prompt,), since="2026-01-31T00:00:00Z"))
    assert "**One live version does worse than the one it replaced**" in text
    assert "calls from 2026-01-31 until 2026-11-21" in text
    assert "yanked: too \\| long" in text
    cells = [cell.strip() for cell in text.splitlines()[-1].split("|")]
    assert cells[1].endswith("(deleted)")
    assert (cells[2], cells[5]) == (second.version, first.version)
    gone = prompt._replace(versions=tuple(v._replace(yanked="") for v in prompt.versions))
    assert f"| {third.version} (yanked) |" in _markdown(report._replace(prompts=(gone,)))


def test_what_nobody_can_tell_is_no_alert() -> None:
    """Comparisons with too few calls are counted beside the alerts, and stand in no list."""
    report = synthetic_report(2, 3)
    worse = MetricComparison("latency.p95", 1.0, 2.0, 50, 50, effect=1.0, verdict="regression")
    grave = Alert("p", "1.0.0", "1.1.0", worse, "critical")
    unsettled = grave._replace(severity="info")
    told = "2 comparisons have too few calls to tell."
    both = _markdown(report._replace(alerts=(grave, unsettled, unsettled)))
    assert both.partition("## Alerts")[2].count("| critical ") == 1
    assert "| Latency p95 |" in both
    assert f"|\n\n{told}\n" in both
    none = _markdown(report._replace(alerts=(unsettled,)))
    assert (
        "No version is measurably worse than the one before. "
        "1 comparison has too few calls to tell.\n"
    ) in none


def test_a_registry_without_anything_has_a_report() -> None:
    """No prompts, or none that is released: every part says so."""
    empty = synthetic_report(0, 0)._replace(alerts=(), overview=Overview())
    text = _markdown(empty)
    assert "No prompt yet." in text
    assert "\n## Alerts\n\nNothing is measured yet.\n" in text
    assert "Latest releases" not in text
    new = PromptRow("p", versions=(VersionRow("0.0.0-x", "a" * 64, released=False),))
    last = _markdown(empty._replace(prompts=(new,))).splitlines()[-1]
    assert [cell.strip() for cell in last.split("|")][1:6] == ["p", "none", "0", "0", "none"]
