"""How the report looks: every page in both themes and at four widths, and what it says first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from promptreg.report.bundle import script_of
from promptreg.report.model import Alert, Arm, Comparison, LabelRow, MetricComparison, Report
from promptreg.report.plain import glance_text
from promptreg.report.schema import as_json
from tests.report.conftest import Pages
from tests.report.synthetic import synthetic_report
from tests.report.test_pages import ROUTES, settle

pytestmark = pytest.mark.browser

WIDTHS = (390, 768, 1000, 1440, 2560)
GROUNDS: dict[Literal["light", "dark"], str] = {
    "light": "rgb(246, 247, 249)",
    "dark": "rgb(13, 17, 23)",
}
BETWEEN = "1.14.1-0.20261121093002-4f2c91a7d0c5"
LONG = "customer_success/europe_middle_east_africa/" + "quarterly_business_review_" * 3
# Two frames: observers of sizes run at the end of the first.
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
HIDDEN = """() => [...document.querySelectorAll(".scroll:not(.diff-box)")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.getAttribute("aria-label"))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"


def _worse(arm: Arm) -> Arm:
    quality, _, *others = arm.metrics
    mean = quality.mean * 0.67
    return arm._replace(
        version=BETWEEN, metrics=(quality._replace(mean=mean, tested_mean=mean), *others)
    )


def _hard_report() -> Report:
    """Return a report with long names, a version between releases and what was judged of it."""
    report = synthetic_report(4, 5)
    first, second, *others = report.prompts
    last = first.versions[-1]
    draft = last._replace(version=BETWEEN, commit="", released=False, labels=())
    worse = MetricComparison(
        "quality", 0.9, 0.6, 80, 80, effect=-0.33, low=-0.4, high=-0.3, limit="-10%"
    )
    same = MetricComparison("cost", 0.01, 0.01, 80, 80, effect=0.0, low=-0.1, high=0.1)
    judged = worse._replace(verdict="regression")
    basis = "suite news, 80 paired cases"
    pair = Comparison(last.version, BETWEEN, basis, (judged, same._replace(verdict="ok")))
    first = first._replace(
        versions=(*first.versions, draft),
        comparisons=(*first.comparisons, pair),
        series=(*first.series, first.series[-1]._replace(version=BETWEEN)),
        arms=first.arms._replace(arms=(*first.arms.arms, *map(_worse, first.arms.arms[-2:]))),
    )
    second = second._replace(name=LONG, title=LONG, tags=(LONG,))
    alert = Alert(first.name, last.version, BETWEEN, judged, "critical", basis=basis)
    live = LabelRow("production", first.name, "1.0.0", verdict="No worse", tone="unknown")
    long = LabelRow("a-label-of-" + "many-" * 6 + "letters", LONG, BETWEEN)
    return report._replace(
        prompts=(first, second, *others),
        alerts=(alert, *report.alerts),
        overview=report.overview._replace(labels=(live, long), unpromoted=((LONG, BETWEEN),)),
    )


@pytest.fixture(scope="module")
def hard_url(write_report: Callable[[Any], str]) -> str:
    """Return the address of a report that is hard to lay out."""
    return write_report(_hard_report())


@pytest.mark.parametrize("route", ROUTES)
def test_every_page_is_accessible_and_fits(pages: Pages, hard_url: str, route: str) -> None:
    """Axe accepts every page in both themes; at each width no page or table hides anything."""
    from axe_playwright_python.sync_playwright import Axe

    page = pages.open(hard_url + ROUTES[route], reduced_motion="reduce")
    settle(page)
    for theme, ground in GROUNDS.items():
        page.emulate_media(color_scheme=theme)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(FRAMES)
        assert page.evaluate(TOO_WIDE) <= 0, f"{route} is too wide at {width}"
        assert page.evaluate(HIDDEN) == [], f"a table of {route} is cut at {width}"


def test_a_narrow_window_shows_rows_as_cards(pages: Pages, hard_url: str) -> None:
    """Opened on a phone cells name what they are; in a wider window heads stick to its top."""
    page = pages.open(viewport={"width": 390, "height": 844})
    # Safari writes to its console what Chromium tells this listener alone.
    page.add_init_script("addEventListener('error', (event) => console.warn(event.message))")
    for route in ("#/compare", "#/alerts"):
        page.goto(hard_url + route)
        settle(page)
        page.evaluate(FRAMES)
    label = "getComputedStyle(document.querySelector('td[data-head=Change]'), '::before').content"
    assert page.evaluate(label) == '"Change"'
    page.set_viewport_size({"width": 1440, "height": 320})
    page.evaluate(FRAMES)
    assert page.evaluate(label) == "none"
    page.locator("tbody tr").nth(3).evaluate("(row) => row.scrollIntoView()")
    top, bottom = (
        page.locator(selector).first.evaluate(f"(e) => e.getBoundingClientRect().{edge}")
        for selector, edge in (("thead th", "top"), (".top", "bottom"))
    )
    assert top == pytest.approx(bottom, abs=1)


def test_the_first_sentence_names_what_is_worse(pages: Pages, hard_url: str) -> None:
    """Where only a newer version is worse, the overview says so, one click from its evidence."""
    page = pages.open(hard_url)
    glance = page.locator(".at-a-glance")
    told = "Nothing live is known to do worse than before, but one newer version does"
    assert told in glance.inner_text()
    assert "Quality \u221233% [\u221240, \u221230] against" in glance.inner_text()
    name = glance.locator(".version-name").first
    assert (name.inner_text(), name.get_attribute("title")) == ("1.14.1-\u20264f2c91a", BETWEEN)
    glance.locator(".plain-link").click()
    settle(page)
    assert "is better in quality" in page.inner_text(".answer")


def test_the_first_sentence_is_the_same_without_scripts(pages: Pages) -> None:
    """The plain page begins with the sentence of the page, whatever is live, newer and worse."""
    page = pages.open()
    draw = "(index) => m_overview_glance.atAGlance(index).querySelector('h2').textContent"
    page.evaluate(script_of("overview_glance.js", f"globalThis.sentence = {draw};"))
    change = MetricComparison("cost", 1.0, 2.0, 9, 9, effect=1.0)
    harmless = (
        Alert("a", "1.0.0", "1.1.0", change, "info"),
        Alert("a", "1.0.0", "1.2.0", change, "warning", live=("production",)),
        Alert("a", "1.0.0", "1.3.0", change, "critical", current=False),
    )
    worse = tuple(Alert("a", "1.0.0", f"2.{n}.0", change, "warning") for n in (0, 1, 1))
    report, said = synthetic_report(1, 1), set()
    label = LabelRow("live", "a", "1.0.0")
    bad, good = label._replace(tone="worse"), label._replace(tone="better")
    open_one, fine = label._replace(tone="unknown"), label._replace(tone="fine")
    one, two = ((bad,), (good,), (fine,), (open_one,), (label,)), ((bad, bad), (good, good))
    for labels in ((), *one, *two, (good, fine), (good, open_one), (fine, label)):
        for newer in range(len(worse) + 1):
            alerts = (*harmless, *worse[:newer])
            overview = report.overview._replace(labels=labels)
            told = page.evaluate(
                "([labels, alerts]) => sentence({ labels, alerts, unpromoted: [],"
                " prompts: [{ calls: 1 }], metricByName: new Map(), promptByName: new Map() })",
                [as_json(labels), [as_json(alert) | {"c": as_json(change)} for alert in alerts]],
            )
            assert glance_text(report._replace(alerts=alerts, overview=overview)) == told
            said.add(told)
    assert len(said) == 15
    aged = (
        "(days) => m_overview_glance.atAGlance({ labels: [], alerts: [], unpromoted: [],"
        " prompts: [], dataDate: new Date(Date.now() - days * 864e5).toISOString() })"
    )
    page.evaluate(script_of("overview_glance.js", f"globalThis.aged = {aged};"))
    told = [page.evaluate("(days) => aged(days).innerText", days) for days in (3, 188.5)]
    assert told[0] + "last call 188 days ago" == told[1]
    failing = (
        "(calls) => m_overview_glance.atAGlance({ alerts: [], unpromoted: [], prompts: [],"
        " labels: [{ label: 'live', prompt: 'a', version: '1.0.0', tone: 'fine' }],"
        " promptByName: new Map([['a', { live: { '1.0.0': { calls, success: 0 } } }]]) })"
    )
    page.evaluate(script_of("overview_glance.js", f"globalThis.failing = {failing};"))
    few, many = (page.evaluate("(n) => failing(n).innerText", calls) for calls in (9, 10))
    assert few + "1 live prompt fails in every call" == many
    # One that is no worse counts as no better one.
    assert "Nothing live does worse than before; one version does better" in said


def test_figures_of_a_prompt_use_comparable_rows(pages: Pages, hard_url: str) -> None:
    """A tile shows the change that was judged, not that of whatever calls there are."""
    page = pages.open(hard_url + ROUTES["versions"])
    settle(page)
    tiles = page.locator(".figure")
    assert "\u221233%" in tiles.filter(has_text="Quality").inner_text()
    assert tiles.filter(has_text="Cost per call").locator(".badge").inner_text() == "0%"
    assert tiles.filter(has_text="Median latency").locator(".badge").count() == 0
