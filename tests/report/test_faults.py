"""Each fault of prompt-versioner's dashboard, and hostile input of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from promptreg.report.bundle import script_of
from promptreg.report.model import (
    DEFAULT_METRICS,
    Annotation,
    Arm,
    ArmContext,
    ArmMetric,
    Arms,
    Comparison,
    LabelRow,
    MessageRow,
    MetricComparison,
    MetricInfo,
    MetricScale,
    MetricSummary,
    PromptRow,
    Report,
    VariableRow,
    VersionRow,
)
from tests.report.conftest import Pages
from tests.report.synthetic import synthetic_report
from tests.report.test_pages import ROUTES, settle

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\u2028\u2029 line separators",
    "\u202eright to left override \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "emoji \U0001f469\u200d\U0001f4bb and \U0001f600",
    "{{ constructor.constructor('return 1')() }} ${1} `x` <!-- <script>",
    "javascript:alert(1)",
    "=HYPERLINK(1)",
)


def _names(page: Any) -> list[str]:
    return [str(name) for name in page.locator("tbody th.name bdi").all_inner_texts()]


def test_sorting_sorts(pages: Pages, report_url: str) -> None:
    """Each column sorts both ways, and what has no data stands last."""
    page = pages.open(report_url + "#/prompts")
    names = _names(page)
    assert names == sorted(names)
    page.get_by_role("button", name="Prompt", exact=True).click()
    assert _names(page) == sorted(names, reverse=True)
    page.get_by_role("button", name="Calls").click()
    column = page.locator("tbody tr td[data-head=Calls]").all_inner_texts()
    calls = [int(text.split()[0].replace(",", "")) for text in column]
    assert calls == sorted(calls, reverse=True)
    assert page.locator("[aria-sort=descending]").inner_text() == "Calls"


def test_severity_filters_show_what_they_say(pages: Pages, report_url: str) -> None:
    """Each severity shows exactly its alerts, and an empty choice says so."""
    page = pages.open(report_url + "#/alerts?when=all")
    total = page.locator("tbody tr").count()
    shown = 0
    for severity in ("critical", "warning", "info"):
        page.get_by_label("Severity").select_option(severity)
        rows = page.locator("tbody tr")
        assert rows.count() > 0
        assert rows.count() == page.locator(f"tbody tr.{severity}").count()
        shown += rows.count()
    assert shown == total == 21
    page.goto(report_url + "#/alerts?severity=critical&type=quality")
    page.wait_for_selector("text=No alert matches.")


def test_of_a_chosen_prompt_every_judged_pair_is_listed(pages: Pages, report_url: str) -> None:
    """Also pairs that nobody need look at, newest first, each with its verdict and evidence."""
    page = pages.open(report_url + "#/prompt/code_reviewer")
    settle(page)
    told = page.locator("li.version").nth(1).inner_text()
    assert "against 2.5.0" in told
    assert "worse: latency, cost per call" in told
    page.goto(report_url + "#/alerts?prompt=code_reviewer")
    rows = page.locator(".card", has=page.get_by_text("Every pair that was judged")).locator("tr")
    rows.nth(20).wait_for()
    assert "2.6.0 \u2192 2.7.0" in rows.nth(1).inner_text()
    assert "better: latency, cost per call" in rows.nth(1).inner_text()
    page.get_by_role("button", name="Show 20 more").click()
    assert rows.count() == 1 + 2 * 20
    page.get_by_label("Metric").select_option("quality")
    page.get_by_text("cannot tell: quality").first.wait_for()
    assert page.get_by_text("better: latency").count() == 0
    rows.nth(1).get_by_text("A/B test").click()
    settle(page)
    assert page.get_by_label("Compared with").input_value() == "2.7.0"


def _two_versions(metrics: tuple[MetricComparison, ...] = (), arms: Arms | None = None) -> Report:
    versions = (
        VersionRow("1.0.0", "a" * 64, messages=(MessageRow("system", "Be kind.\n"),), calls=100),
        VersionRow("1.1.0", "b" * 64, messages=(MessageRow("system", "Be brief.\n"),), calls=10),
    )
    pair = Comparison("1.0.0", "1.1.0", "production calls", metrics)
    prompt = PromptRow("p", versions=versions, comparisons=(pair,), arms=arms or Arms())
    return Report("T", prompts=(prompt,))


def _arms(scale: MetricScale, base: ArmMetric, head: ArmMetric) -> Arms:
    rows = (Arm("1.0.0", 0, "", base.n, (base,)), Arm("1.1.0", 0, "", head.n, (head,)))
    return Arms((ArmContext("production calls", suite=False),), (scale,), rows)


def test_ab_compares_cost_per_call(pages: Pages, write_report: Callable[[Any], str]) -> None:
    """Ten calls at three times the price do not win against a hundred cheap ones."""
    cost = MetricComparison(
        "cost", 0.00133, 0.00399, 100, 10, effect=2.0, low=1.6, high=2.5, limit="+20%",
        verdict="regression",
    )  # fmt: skip
    many = ArmMetric("cost", 100, 0.00133, 100, math.log(0.00133), 0.1)
    few = ArmMetric("cost", 10, 0.00399, 10, math.log(0.00399), 0.1)
    report = _two_versions((cost,), _arms(MetricScale("cost", "lower", "log"), many, few))
    page = pages.open(write_report(report) + "#/ab?metric=cost")
    settle(page)
    text = page.inner_text("main")
    assert "$0.001330" in text or "$0.00133" in text
    assert "n 100" in text
    assert "n 10" in text
    assert "Too few rows to say anything yet" in text
    assert page.locator(".arm.wins").count() == 0


def test_equal_versions_have_no_winner(pages: Pages, write_report: Callable[[Any], str]) -> None:
    """Equal values end without a winner, and so does a link to a prompt of one version."""
    same = MetricComparison(
        "quality", 0.8, 0.8, 500, 500, effect=0.0, low=-0.01, high=0.01, limit="-10%",
        verdict="ok",
    )  # fmt: skip
    arm = ArmMetric("quality", 500, 0.8, 500, 0.8, 0.1)
    report = _two_versions((same,), _arms(MetricScale("quality", "higher", "linear"), arm, arm))
    single = PromptRow("single", versions=report.prompts[0].versions[:1])
    url = write_report(report._replace(prompts=(*report.prompts, single)))
    page = pages.open(url + "#/ab")
    settle(page)
    assert "No winner" in page.inner_text(".answer")
    assert page.locator(".arm.wins").count() == 0
    page.goto(url + "#/ab?prompt=single&base=0.9.0")
    settle(page)
    assert "This prompt has one version only." in page.inner_text("main")
    assert page.get_by_label("Prompt").input_value() == "single"


def test_an_inserted_sentence_marks_itself_only(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """The diff of a prompt with one new sentence marks that sentence and nothing else."""
    old = "You review code. Look for bugs. Answer in Markdown.\n"
    added = "Before you answer, think about who reads this and what they must do first. "
    report = _two_versions()
    versions = tuple(
        version._replace(messages=(MessageRow("system", text),))
        for version, text in zip(
            report.prompts[0].versions, (old, old.replace("Look", added + "Look")), strict=True
        )
    )
    prompt = report.prompts[0]._replace(versions=versions)
    page = pages.open(write_report(report._replace(prompts=(prompt,))) + "#/compare?view=split")
    settle(page)
    assert page.locator("ins").all_text_contents() == [added]
    assert page.locator("del").count() == 0
    assert "14 words added, 0 removed" in page.inner_text("main")


def test_versions_are_in_semver_order(pages: Pages, report_url: str) -> None:
    """1.10.0 stands above 1.9.0, in the timeline and in every choice of versions."""
    page = pages.open(report_url + ROUTES["versions"])
    settle(page)
    shown = page.locator(".version h3").all_inner_texts()
    assert shown[:3] == ["1.10.0", "1.9.0", "1.8.0"]
    page.goto(report_url + "#/compare")
    settle(page)
    assert page.get_by_label("Baseline").locator("option").first.inner_text().startswith("1.10.0")


def test_missing_metrics_are_no_data_not_zero(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """A version without cost shows "no data", never 0, and nothing else has a score's name."""
    names = ("constructor", "__proto__", "cost.kind")
    infos = tuple(MetricInfo(name, name.capitalize()) for name in names)
    report = _two_versions()._replace(metrics=(*DEFAULT_METRICS, *infos))
    summary = MetricSummary("quality", 10, 0.5)
    scores = tuple(MetricSummary(name, 10, 0.5) for name in names)
    versions = tuple(
        version._replace(metrics=(summary, *own), author="=1")
        for version, own in zip(report.prompts[0].versions, ((), scores), strict=True)
    )
    prompt = report.prompts[0]._replace(
        versions=versions, comparisons=(), metadata=(("owner", '["=1"]'),)
    )
    page = pages.open(write_report(report._replace(prompts=(prompt,))) + "#/prompts")
    row = page.locator("tbody tr").first.inner_text()
    assert row.count("no data") == 3
    assert "$0" not in row
    # A spreadsheet runs no cell of an export, whatever an owner is.
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.path().read_text().splitlines()[1].endswith(",'=1")
    page.goto(page.url.split("#")[0] + "#/prompt/p")
    settle(page)
    figures = page.locator(".figures").inner_text()
    assert "no data" in figures
    assert "$0" not in figures
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    head, first, second = download.value.path().read_text().splitlines()
    assert [name for name in head.split(",") if name.endswith("_n")] == [
        f"{name}_n" for name in ("quality", *names)
    ]
    assert first.startswith("1.0.0,,'=1,")
    assert first.endswith(",10,0.5" + "," * 14)
    assert second.endswith(",10,0.5,," * 4)
    page.goto(page.url + "?tab=charts")
    settle(page)
    for title in ("Constructor", "Cost.kind"):
        chart = page.locator("figure", has_text=f"{title} by version")
        chart.locator("summary").click()
        assert chart.locator("tbody tr").all_inner_texts() == ["1.1.0\t10\t0.500\tno data\tno data"]


def test_annotations_are_shown(pages: Pages, write_report: Callable[[Any], str]) -> None:
    """A comment on a version stands beside the version."""
    report = _two_versions()
    note = Annotation("Ada", "2026-11-20T10:00:00Z", "Too curt for customers.")
    first = report.prompts[0].versions[0]._replace(annotations=(note,))
    prompt = report.prompts[0]._replace(versions=(first, report.prompts[0].versions[1]))
    page = pages.open(write_report(report._replace(prompts=(prompt,))) + "#/prompt/p")
    settle(page)
    assert "Too curt for customers." in page.inner_text(".annotations")


def test_hostile_names_and_texts_run_nothing(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """Markup, separators, overrides and formulas in any field are shown as text everywhere."""
    base = synthetic_report(len(HOSTILE), 3)
    prompts = []
    for row, evil in zip(base.prompts, HOSTILE, strict=True):
        versions = tuple(
            version._replace(
                author=evil,
                summary=evil,
                model=evil,
                messages=(MessageRow(evil, f"{evil}\n{number}\n"), MessageRow("user", evil)),
                variables=(VariableRow("x", default=None, description=evil),),
                settings=((evil, evil),),
                annotations=(Annotation(evil, "2026-01-01T00:00:00Z", evil),),
                labels=(evil,),
            )
            for number, version in enumerate(row.versions)
        )
        prompts.append(
            row._replace(
                name=evil,
                title=evil,
                description=evil,
                tags=(evil,),
                versions=versions,
                metadata=(("owner", f'"{evil[:5]}"'),),
                file_url="",
                edit_url="",
            )
        )
    labels = tuple(LabelRow(evil, evil, "1.0.0", verdict=evil) for evil in HOSTILE)
    report = base._replace(
        title=HOSTILE[0],
        repository=HOSTILE[1],
        notes=HOSTILE,
        prompts=tuple(prompts),
        overview=base.overview._replace(labels=labels),
    )
    url = write_report(report)
    page = pages.open(url)
    routes = [ROUTES[name].partition("?")[0] for name in ("overview", "prompts", "alerts")]
    from urllib.parse import quote

    for evil in HOSTILE:
        name = quote(evil, safe="")
        routes += [f"#/prompt/{name}{tab}" for tab in ("", "?tab=text", "?tab=preview")]
        routes += [f"#/compare?prompt={name}", f"#/ab?prompt={name}", f"#/prompts?q={name}"]
        routes.append(f"#/prompt/{name}?tab=text&find={name}")
    for route in routes:
        page.goto(url + route)
        settle(page)
        assert "owned" not in page.title().replace("'owned'", "")
        assert page.locator("main img, main script:not([type])").count() == 0
    plain = pages.open(url, java_script_enabled=False)
    assert HOSTILE[1] in plain.inner_text("main")


def test_a_huge_prompt_opens(pages: Pages, write_report: Callable[[Any], str]) -> None:
    """A prompt of 200 KB opens, compares and previews."""
    text = "".join(f"{n}: {'lorem ipsum ' * 9}\n" for n in range(1800))
    assert len(text) > 200_000
    report = _two_versions()
    versions = tuple(
        version._replace(messages=(MessageRow("system", content),))
        for version, content in zip(
            report.prompts[0].versions,
            (text, text.replace("900: lorem", "900: Lorem")),
            strict=True,
        )
    )
    prompt = report.prompts[0]._replace(versions=versions)
    url = write_report(report._replace(prompts=(prompt,)))
    page = pages.open(url + "#/compare?view=split")
    settle(page)
    assert page.locator("ins").all_text_contents() == ["Lorem"]
    for tab in ("text", "preview"):
        page.goto(f"{url}#/prompt/p?tab={tab}")
        settle(page)
        assert "1799: lorem" in page.locator("pre").first.inner_text()
    # What was written anew is read from its beginning, and the rest on demand.
    row = "{ kind: 'insert', old: null, oldNumber: null, new: `line ${n}`, newNumber: n }"
    rows = f"Array.from({{ length: 500 }}, (_, n) => ({row}))"
    draw = f"document.body.replaceChildren(m_diffview.diffTable({rows}));"
    page.evaluate(script_of("diffview.js", draw))
    assert page.locator("tr").count() < 150
    page.get_by_role("button", name="380 more changed lines").click()
    assert page.locator("td.added.text").count() == 500
