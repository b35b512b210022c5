"""What is packed for the page, unpacked by the page's own script in a real browser."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from promptreg.report.bundle import script_of
from promptreg.report.columns import fixed, numbers, whole
from promptreg.report.model import (
    Alert,
    Annotation,
    Comparison,
    Fragment,
    Histogram,
    MetricComparison,
    MetricSummary,
    ModelSummary,
    Point,
    PromptRow,
    Series,
)
from promptreg.report.schema import as_json
from promptreg.report.wire import pack_index
from promptreg.report.wire_prompt import pack_prompt
from tests.report.conftest import Pages
from tests.report.synthetic import synthetic_report

pytestmark = pytest.mark.browser

# The page's names of what is called otherwise in the rows.
SAME_NAME = {"base_n": "baseN", "head_n": "headN"}
JUDGED = ("metric", "relative", "limit", "verdict", "needed", "note")
ENDS = ("effect", "low", "high")
AS_IT_IS = ("base_n", "head_n")

AS_IT_IS_OF_A_VERSION = (
    "version",
    "author",
    "date",
    "level",
    "summary",
    "changes",
    "labels",
    "released",
    "yanked",
    "model",
    "template",
    "description",
    "messages",
    "fragments",
    "variables",
    "settings",
    "annotations",
    "calls",
    "tokens",
)


def _random_column(rng: random.Random) -> list[float | None]:
    size = 10 ** rng.uniform(-12, 12)
    spread = rng.choice((0.0, 0.1, 1, 3, 9))
    odd: list[float | None] = [None, 0.0, -0.0]
    if rng.random() < 0.2:
        odd += [1e300, 5e-324, math.inf, math.nan]
    return [
        rng.choice(odd)
        if rng.random() < rng.choice((0, 0.02, 0.5))
        else rng.choice((-1, 1)) * size * 10 ** rng.uniform(0, spread)
        for _ in range(rng.randint(0, 40))
    ]


def test_columns_of_numbers_survive(pages: Pages) -> None:
    """Any numbers come back with the digits that were asked for, and what is none as null."""
    rng = random.Random(8)
    page = pages.open()
    page.evaluate(script_of("columns.js", "globalThis.columns = m_columns;"))
    columns = [_random_column(rng) for _ in range(100)]
    integers = [
        [rng.choice((None, rng.randint(-(10**digits), 10**digits))) for _ in range(9)]
        for digits in range(16)
        for _ in range(9)
    ]
    packed = [
        *(numbers(column, 3) for column in columns),
        *(fixed(column, 2, 3) for column in columns),
        *map(whole, integers),
    ]
    given: list[Sequence[float | None]] = [*columns, *columns, *integers]
    pairs = [[p, len(g)] for p, g in zip(json.loads(json.dumps(packed)), given, strict=True)]
    found = page.evaluate(
        "(pairs) => pairs.map(([one, count]) => columns.rows(count, columns.reader(one)))", pairs
    )
    significant, decimal, exact = found[:100], found[100:200], found[200:]
    for column, shown, rounded in zip(columns, significant, decimal, strict=True):
        assert shown == [_near(x, rel=5.1e-3) for x in column]
        assert rounded == [_near(x, rel=5.1e-3, step=0.0051) for x in column]
    assert exact == integers
    texts = sum(isinstance(column, str) for column in packed)
    assert 200 < texts < len(packed)


def test_the_order_of_a_sum_changes_no_column() -> None:
    """What differs in the last digits only is written alike, also at a power of ten."""
    for size in (1e-7, 0.01, 0.1, 1.0, 1000.0):
        exact = numbers([size, 3.3 * size, None])
        for noise in (size * (1 - 1e-13), size * (1 + 1e-13)):
            assert numbers([noise, 3.3 * size, None]) == exact


def test_every_field_that_the_page_shows_survives(pages: Pages) -> None:
    """Versions, figures, courses and comparisons are on the page what they are in the rows."""
    page = pages.open()
    page.evaluate(script_of("decode.js", "globalThis.decode = m_decode.decode;"))
    for prompt in (_rich(), PromptRow("empty"), _rich(calls=False)):
        found = page.evaluate(
            """(packed) => {
              const { versions, series, comparisons, ...rest } = decode(packed);
              return {
                ...rest,
                comparisons,
                versions: versions.map((v) => ({
                  ...v,
                  messages: v.messages.map(({ role, text }) => ({ role, text })),
                  fragments: v.fragments.map(({ path, text }) => ({ path, text })),
                  metrics: Object.entries(v.metrics).map(([metric, m]) => ({ metric, ...m })),
                })),
                series: series.map((one) => ({ ...one, version: one.version.version })),
              };
            }""",
            json.loads(json.dumps(pack_prompt(prompt))),
        )
        _check_versions(prompt, found["versions"])
        assert found["comparisons"] == [_expected(c) for c in prompt.comparisons]
        assert found["series"] == [_course(one) for one in prompt.series]
        for name in (
            "name",
            "path",
            "title",
            "description",
            "tags",
            "metadata",
            "bucket",
            "deleted",
        ):
            assert found[name] == as_json(getattr(prompt, name))


def test_what_versions_have_themselves_is_written_once() -> None:
    """A comparison of exactly its versions' rows holds neither their means nor their number."""
    prompt = _rich()
    packed = pack_prompt(prompt._replace(comparisons=prompt.comparisons[-1:]))["columns"]
    tables = packed["comparisons"]["of"].values()
    for columns in tables:
        assert (columns["baseKnown"], columns["headKnown"]) == (1, 1)
        assert [columns[name] for name in ("base", "head", "baseN", "headN")] == [None] * 4


def test_alerts_survive(pages: Pages) -> None:
    """Each alert has its own comparison again, also where several are about one metric."""
    report = synthetic_report(4, 6)
    alerts = [
        Alert(
            prompt=f"p{number}",
            base=c.base,
            head=c.head,
            severity="warning" if number % 2 else "info",
            comparison=c.metrics[(number + n) % len(c.metrics)],
            current=number != 1,
            live=("production",) * (number % 3),
            basis=c.basis,
        )
        for number, prompt in enumerate(report.prompts)
        for n, c in enumerate(prompt.comparisons)
    ]
    page = pages.open()
    page.evaluate(script_of("judged.js", "globalThis.alerts = m_judged.readAlerts;"))
    packed = pack_index(report._replace(alerts=tuple(alerts)), [])["alerts"]
    found = page.evaluate("(packed) => alerts(packed)", json.loads(json.dumps(packed)))
    assert len(found) > 20
    for shown, alert in zip(found, alerts, strict=True):
        for name in ("prompt", "base", "head", "severity", "current", "live", "basis"):
            assert shown[name] == as_json(getattr(alert, name))
        assert shown["c"] == _expected_metric(alert.comparison)


def _rich(*, calls: bool = True) -> PromptRow:
    """Return a prompt that has everything, as unevenly as real ones have it."""
    (prompt,) = synthetic_report(1, 12).prompts
    first, second, third, *rest = prompt.versions
    first = first._replace(
        metrics=(
            MetricSummary("latency", 1, 812.5, None, None, None, (812.5,) * 5),
            MetricSummary("faithfulness", 1, 0.9),
        ),
        annotations=(Annotation("Ada", "2026-11-20", "Check the tone.", resolved=True),),
        fragments=(Fragment("parts/tone.md", "Be {{ kind }}.\n"),),
        commit="",
        released=False,
        yanked="wrong prices",
        description="An old one",
        template="fstring",
        labels=("a", "b"),
        models=(),
    )
    odd = MetricSummary("quality", 40, 3.5e-7, 1e-7, 3e-7, 4e-7, (1e-7, 2e-7, 3e-7, 4e-7, 12.0))
    second = second._replace(
        metrics=(
            *second.metrics[1:],
            odd._replace(histogram=Histogram(1e-7, 12, (3, 0, 9, 35))),
            # A score may be called like what the page makes of the share of success.
            MetricSummary("error_rate", 9, 0.3, 0.1, 0.2, 0.4, (0.3,) * 5),
        ),
        models=(ModelSummary("", 40, (odd,), ("cheapest",)),),
        cost=None,
        tokens=None,
    )
    prompt = prompt._replace(versions=(first, second, third, *rest))
    if not calls:
        bare = [v._replace(metrics=(), models=(), calls=0, cost=None) for v in prompt.versions]
        return prompt._replace(versions=tuple(bare), series=(), comparisons=())
    base, head, *others = prompt.comparisons
    odd_judged = [
        MetricComparison("latency.p95", 1234.5, None, 9, 0, limit="<=2s", verdict="no data"),
        MetricComparison(
            "score", 2e-5, 3e-5, 9, 9, relative=False, effect=1e-5, low=-1e-6, high=2e-5
        ),
        MetricComparison("cost", 0.0, 0.1, 9, 9, effect=math.inf, low=12.5, high=math.inf),
        MetricComparison("error_rate", 0.3, 0.3, 9, 9, relative=False),
    ]
    own = [m._replace(base=m.base or 0.5, needed=n or None) for n, m in enumerate(head.metrics)]
    *others, last = others
    gap = Point("2026-11-30", 3)
    course = prompt.series[-1]
    return prompt._replace(
        comparisons=(
            base._replace(metrics=base.metrics[::-1], notes=("only evaluations",)),
            Comparison(head.base, head.head, "", (*odd_judged, *own)),
            *others,
            _with_own_figures(last, prompt),
        ),
        series=(*prompt.series[:-1], Series(course.version, (*course.points, gap))),
    )


def _with_own_figures(pair: Comparison, prompt: PromptRow) -> Comparison:
    """Give a pair exactly the means and rows that its versions have."""
    versions = {v.version: v for v in prompt.versions}

    def judged(m: MetricComparison) -> MetricComparison:
        name = "success_rate" if m.metric == "error_rate" else m.metric
        sides = []
        for version in (versions[pair.base], versions[pair.head]):
            (found,) = [s for s in version.metrics if s.metric == name]
            sides.append((found.mean if name == m.metric else 1 - found.mean, found.n))
        (a, n), (b, k) = sides
        return m._replace(base=a, head=b, base_n=n, head_n=k)

    return pair._replace(metrics=tuple(judged(m) for m in pair.metrics))


def _check_versions(prompt: PromptRow, found: list[dict[str, Any]]) -> None:
    for shown, row in zip(found, prompt.versions, strict=True):
        for name in AS_IT_IS_OF_A_VERSION:
            assert shown[name] == as_json(getattr(row, name)), name
        assert (shown["added"], shown["removed"]) == (row.lines_added, row.lines_removed)
        assert row.digest.startswith(shown["digest"])
        assert len(shown["digest"]) == 12
        assert shown["commit"] == row.commit[:10]
        assert shown["cost"] == _near(row.cost, 1e-6)
        assert shown["metrics"] == [_summary(m) for m in row.metrics]
        assert shown["models"] == [
            {
                "model": m.model,
                "calls": m.calls,
                "badges": list(m.badges),
                "metrics": {s.metric: _brief(s) for s in m.metrics},
            }
            for m in row.models
        ]


def _near(value: float | None, rel: float = 5.1e-4, step: float = 0.0) -> Any:
    if value is None or not math.isfinite(value):
        return None
    return pytest.approx(value, rel=rel, abs=step)


def _summary(m: MetricSummary) -> dict[str, Any]:
    half = (
        0.0 if m.low is None or m.high is None else (m.high - m.low) * 0.0026 + abs(m.mean) * 5.1e-4
    )
    spread = m.histogram
    most = max(spread.counts) if spread else 0
    return {
        "metric": m.metric,
        "n": m.n,
        "mean": _near(m.mean),
        "low": _near(m.low, step=half),
        "high": _near(m.high, step=half),
        "quantiles": [_near(q) for q in m.quantiles],
        "histogram": spread
        and {
            "low": _near(spread.low),
            "high": _near(spread.high),
            "counts": [c if most <= 35 else _near(35 * c / most, step=0.51) for c in spread.counts],
        },
    }


def _brief(s: MetricSummary) -> dict[str, Any]:
    shown = s.metric == "latency"
    return {
        "n": s.n,
        "mean": _near(s.mean),
        "p50": _near(s.p50, 5.1e-3) if shown else None,
        "p95": _near(s.p95, 5.1e-3) if shown else None,
    }


def _course(one: Series) -> dict[str, Any]:
    columns = {
        "cost": "cost",
        "p50": "latency_p50",
        "p95": "latency_p95",
        "quality": "quality",
        "success": "success",
    }
    return {
        "version": one.version,
        "dates": [p.date for p in one.points],
        "calls": [p.calls for p in one.points],
        "tokens": [p.tokens for p in one.points],
        **{
            name: [_near(getattr(p, field), 5.1e-3) for p in one.points]
            for name, field in columns.items()
        },
    }


def _expected(c: Comparison) -> dict[str, Any]:
    return {
        "base": c.base,
        "head": c.head,
        "basis": c.basis,
        "notes": list(c.notes),
        "metrics": [_expected_metric(m) for m in c.metrics],
    }


def _expected_metric(m: MetricComparison) -> dict[str, Any]:
    return {name: getattr(m, name) for name in JUDGED} | _common(m)


def _common(row: MetricComparison) -> dict[str, Any]:
    largest = max((abs(x) for n in ENDS if (x := getattr(row, n)) and math.isfinite(x)), default=1)
    step = min(5.1e-5, 5.1e-3 * largest)
    return {
        **{SAME_NAME.get(name, name): getattr(row, name) for name in AS_IT_IS},
        **{name: _near(getattr(row, name)) for name in ("base", "head")},
        **{name: _near(getattr(row, name), step=step) for name in ENDS},
    }
