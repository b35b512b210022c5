"""The report in a real browser: every page, both themes, narrow, keyboard, without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

import pytest

from promptreg.report.bundle import script_of
from promptreg.report.format import change_text, money, number, value_text
from promptreg.report.model import (
    Alert,
    LabelRow,
    MessageRow,
    MetricComparison,
    Report,
    VariableRow,
)
from promptreg.report.schema import as_json
from tests.report.conftest import Pages
from tests.report.synthetic import synthetic_report

pytestmark = pytest.mark.browser

ROUTES = {
    "overview": "",
    "prompts": "#/prompts?q=customer&older=all",
    "versions": "#/prompt/support%2Ftriage",
    "charts": "#/prompt/support%2Ftriage?tab=charts",
    "models": "#/prompt/support%2Ftriage?tab=models",
    "text": "#/prompt/support%2Ftriage?tab=text&find=customer",
    "preview": "#/prompt/support%2Ftriage?tab=preview",
    "ab": "#/ab",
    "compare": "#/compare",
    "alerts": "#/alerts",
}
# Of each cell of a table but the first of its row: what stands before it, and whether all is seen.
CELLS = """() => [...document.querySelectorAll("td")].map((cell) => ({
  head: cell.closest("table").tHead.rows[0].cells[cell.cellIndex].textContent,
  said: getComputedStyle(cell, "::before").content.replace("none", "").slice(1, -1),
  fits: cell.getBoundingClientRect().right <= innerWidth && cell.scrollWidth <= cell.clientWidth,
}))"""
DRAWN = "() => !document.querySelector('.loading, [aria-busy]')"


def settle(page: Any) -> None:
    """Wait until the page has drawn its data."""
    page.wait_for_function(DRAWN)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def test_plain_page_without_scripts(pages: Pages, report_url: str) -> None:
    """Where no script may run, figures, what is live, prompts and alerts still read well."""
    page = pages.open(report_url, java_script_enabled=False)
    text = page.inner_text("main")
    for expected in (
        "One live version does worse than",
        "Live now",
        "support/triage",
        "Alerts",
        "Success rate",
        f"{sum(v.calls for p in synthetic_report().prompts for v in p.versions):,}",
    ):
        assert expected in text
    assert page.locator("h1").inner_text() == "Prompt report"
    first = synthetic_report().prompts[0]
    served = next(v for v in first.versions if "production" in v.labels)
    cost, latency = served.metric("cost"), served.metric("latency")
    assert cost is not None
    assert latency is not None
    row = page.locator("section", has_text="Live now").locator("tr", has_text=first.name)
    assert row.locator("td.num").all_inner_texts()[:3] == [
        f"{served.calls:,}",
        f"{latency.p50:,.0f}\u00a0ms",
        f"${cost.mean:.4f}",
    ]
    # On a phone a row is a card, whose cells say what they are; in a wide window the head does.
    assert not any(cell["said"] for cell in page.evaluate(CELLS))
    page.set_viewport_size({"width": 390, "height": 844})
    cells = page.evaluate(CELLS)
    assert len(cells) > 100
    assert all(cell["said"] == cell["head"] and cell["fits"] for cell in cells)


@pytest.mark.parametrize(
    ("missing", "fails"),
    [("Map.groupBy", False), ("DecompressionStream", False), ("Array.prototype.toSorted", True)],
)
def test_older_browsers_show_the_plain_page(
    pages: Pages, report_url: str, missing: str, *, fails: bool
) -> None:
    """Where the application cannot start, known beforehand or not, the plain page stays."""
    page = pages.open()
    page.add_init_script(f"delete {missing};")
    with page.expect_event("pageerror") if fails else nullcontext():
        page.goto(report_url)
    page.wait_for_selector(".static", state="visible")
    assert "One live version does worse than" in page.inner_text("main")
    assert len(pages.problems) == fails
    pages.problems.clear()


def test_theme_follows_the_system_and_the_toggle(pages: Pages, report_url: str) -> None:
    """The toggle turns the theme round, and a reload keeps the choice."""
    page = pages.open(report_url, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(13, 17, 23)"
    page.get_by_role("button", name="Switch to the light theme").click()
    assert page.evaluate(ground) == "rgb(246, 247, 249)"
    page.reload()
    assert page.evaluate(ground) == "rgb(246, 247, 249)"


def test_high_contrast_tells_what_is_chosen(pages: Pages, report_url: str) -> None:
    """With the system's few colours instead of the page's, what is chosen still looks different."""
    page = pages.open(report_url + "#/compare", forced_colors="active")
    settle(page)
    style = "(node, name) => getComputedStyle(node)[name]"
    for one, other, name in (
        ("[role=tab][aria-selected=true]", "[role=tab][aria-selected=false]", "borderBottomColor"),
        ("[aria-pressed=true]", "[aria-pressed=false]", "backgroundColor"),
    ):
        chosen = page.locator(one).first.evaluate(style, name)
        assert chosen != page.locator(other).first.evaluate(style, name)


def test_tabs_work_with_the_keyboard(pages: Pages, report_url: str) -> None:
    """Arrow keys move between the tabs, Enter opens one and the address follows."""
    page = pages.open(report_url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("[role=tab][aria-selected=true]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Prompts"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=8 prompts")
    assert page.url.endswith("#/prompts")
    page.keyboard.press("/")
    page.keyboard.type("billing")
    page.wait_for_selector("text=1 prompt of 8")
    # What is chosen keeps the focus, although the page is drawn anew with what belongs to it.
    page.goto(report_url + "#/compare?prompt=summarizer")
    for choice, key in (
        (page.get_by_label("Baseline"), "ArrowDown"),
        (page.locator("#swap"), "Enter"),
    ):
        before = page.url
        choice.focus()
        page.keyboard.press(key)
        page.wait_for_function("(before) => location.href !== before", arg=before)
        page.wait_for_function("() => document.activeElement !== document.body")
        assert choice.evaluate("(node) => node === document.activeElement")


def test_the_overview_tells_what_is_live_and_what_it_costs(pages: Pages, report_url: str) -> None:
    """Each live version has its figures, one click from what changed; the dearest prompt leads."""
    report = synthetic_report()
    page = pages.open(report_url)
    first = report.prompts[0]
    row = page.locator("table.live tr", has_text=first.name)
    served = next(v for v in first.versions if "production" in v.labels)
    cost = served.metric("cost")
    assert cost is not None
    assert row.locator("[data-head=Calls]").inner_text() == f"{served.calls:,}"
    assert row.locator("[data-head='Cost per call']").inner_text() == f"${cost.mean:.4f}"
    file = row.get_by_role("link", name=f"File {first.name}")
    assert file.get_attribute("href") == first.file_url != ""
    dearest = max(report.prompts, key=lambda p: sum(v.cost or 0 for v in p.versions))
    assert page.locator(".costs .row-main").first.inner_text() == dearest.name
    page.get_by_role("link", name="All by cost").click()
    settle(page)
    assert page.locator("tbody th.name bdi").first.inner_text() == dearest.name
    assert page.locator("td[data-head='Cost per call']").count() == len(report.prompts)
    page.go_back()
    row.get_by_role("link", name="What changed").click()
    settle(page)
    assert page.get_by_label("Compared with").input_value() == served.version


def test_charts_have_a_keyboard_cursor_and_a_table(pages: Pages, report_url: str) -> None:
    """Arrow keys read out a chart's values, and the same numbers stand in a table behind it."""
    page = pages.open(report_url + ROUTES["charts"])
    chart = page.locator("figure", has_text="Latency by version")
    chart.locator(".plot").focus()
    page.keyboard.press("End")
    spoken = chart.locator("[aria-live]").inner_text()
    assert spoken.startswith("1.10.0: p95 ")
    assert "calls 2,888" in spoken
    chart.locator("summary").click()
    chart.locator("tbody tr").first.wait_for()
    assert chart.locator("tbody tr").count() == 11
    assert "1.10.0" in chart.locator("tbody tr").last.inner_text()


def test_amounts_and_changes_read_as_in_python(pages: Pages) -> None:
    """The page writes an amount and a change, packed to 0.01 %, as Markdown and terminal do."""
    page = pages.open()
    page.evaluate(script_of("format.js", "globalThis.format = m_format;"))
    amounts = (0, 1.63e-6, 9.999e-6, 1e-6, 0.00032, 0.0158, 3.5, 99.999, 496_615.0)
    told = page.evaluate("(amounts) => amounts.map(format.money)", amounts)
    assert told == [money(amount, "USD") for amount in amounts]
    counts = (0, 999, 1_234_567, 1_245_000, 1.5e12)
    assert page.evaluate("(c) => c.map(format.count)", counts) == [*map(number, counts)]
    # What was packed to four digits is often a half.
    values = (0.0, 0.8015, 0.8125, 0.9825, 0.145, 1.0, 4.125, 962.5, 963.5, 1234.5, 10_005.0)
    for unit in ("ms", "money", "ratio", "tokens", ""):
        told = page.evaluate(
            "([v, u]) => v.map((one) => format.metricValue(one, u))", [values, unit]
        )
        assert told == [value_text(value, unit, "USD") for value in values]
    for effect in (0.145, -0.145, 0.14496, 0.0995, 0.00004, -0.09951):
        change = MetricComparison("error_rate", 0.0, 0.2, 9, 9, relative=False, effect=effect)
        packed = as_json(change) | {"effect": round(effect, 4)}
        assert page.evaluate("(change) => format.effect(change)", packed) == change_text(change)


def test_axes_say_what_their_lines_are(pages: Pages) -> None:
    """Labels of an axis are exact and of one unit, whatever its greatest value."""
    page = pages.open()
    draw = "valueAxis({ left: 0, right: 9, top: 0, bottom: 9 }, [high], { unit })"
    labels = f"(high, unit) => m_scales.{draw}.nodes.map(([, label]) => label.textContent)"
    page.evaluate(script_of("scales.js", f"globalThis.labels = {labels};"))
    for high, unit, expected in (
        (9, "tokens", "0 5 10"),
        (2, "tokens", "0 1 2"),
        (80, "tokens", "0 20 40 60 80"),
        (1.6, "ms", "0.0\u00a0ms 0.5\u00a0ms 1.0\u00a0ms 1.5\u00a0ms 2.0\u00a0ms"),
        (4100, "ms", "0\u00a0s 2\u00a0s 4\u00a0s 6\u00a0s"),
        (0.9, "", "0.00 0.25 0.50 0.75 1.00"),
        (3.2e-7, "money", "$0.0000000 $0.0000001 $0.0000002 $0.0000003 $0.0000004"),
    ):
        found = page.evaluate("([high, unit]) => labels(high, unit)", [high, unit])
        assert found == expected.split(" "), (high, unit)
    # A line that ends early is named where no other runs; names at the edge stand apart.
    named = (
        "m_chart_labels.endLabels([['a', 50, 50], ['b', 100, 48], ['c', 100, 52]]"
        ".map(([name, x, y]) => ({ name, x, y, color: 0 })),"
        " [[[0, 50], [100, 48]], [[40, 35], [100, 35]]],"
        " { right: 100, top: 0, bottom: 100 }, 20).flat()"
        ".map((text) => [text.textContent, Number(text.getAttribute('y')) - 4])"
    )
    page.evaluate(script_of("chart_labels.js", f"globalThis.named = {named};"))
    assert page.evaluate("named") == [["a", 65], ["b", 48], ["c", 63]]
    # Why there is no verdict is told once: in the place of a change, or beneath the verdict.
    row = "metric: 'latency', verdict: 'cannot tell', baseN: 9, headN: 9, effect: null"
    effects = (
        f"[['', 2], ['', null], ['<3', 2], ['<3', null]].map(([limit, head]) =>"
        f" m_view_compare.effectTable({{ index: {{ metricByName: new Map() }} }},"
        f" [{{ {row}, limit, head, base: null, note: 'too few' }}],"
        " { version: 'a' }, { version: 'b' }, 1).textContent.split('too few').length - 1)"
    )
    page.evaluate(script_of("view_compare.js", f"globalThis.told = {effects};"))
    assert page.evaluate("told") == [1, 1, 1, 1]
    # Values of one version may lie far closer together than those of the other.
    narrow, wide = (
        f"{{ name: '{name}', color: 0, summary: {{ n: 9, histogram: {{ low: 0, high: {high},"
        " counts: [1, 8] } } }"
        for name, high in (("narrow", 1), ("wide", 100))
    )
    spread = f"m_chart_spread.spreadChart({{ title: '', unit: '', items: [{narrow}, {wide}] }})"
    page.evaluate(script_of("chart_spread.js", f"document.body.append({spread});"))
    page.wait_for_selector(".plot .tick")
    ticks = page.locator(".plot .tick").all_text_contents()
    assert max(float(tick[:-1]) for tick in ticks if tick.endswith("%")) <= 100


def test_models_are_compared_in_cards(pages: Pages, report_url: str) -> None:
    """Each model has a card with figures and badges; who wins is said only where it is known."""
    page = pages.open(report_url + ROUTES["models"])
    settle(page)
    answers = page.locator(".answers > div").all_inner_texts()
    assert [text.split("\n")[:2] for text in answers] == [
        ["Fastest", "openai/gpt-4o-mini"],
        ["Cheapest", "openai/gpt-4o-mini"],
        ["Best quality", "openai/gpt-4o"],
        ["Most reliable", "cannot tell"],
    ]
    cards = page.locator(".model")
    assert cards.count() == 2
    card = cards.filter(has=page.locator(".badge"), has_text="fastest")
    assert card.locator("h3").inner_text() == "openai/gpt-4o-mini"
    assert card.locator(".badge").all_inner_texts() == ["fastest", "cheapest"]
    assert "Median latency" in card.inner_text()
    assert "n 2,888" in card.inner_text()
    page.get_by_text("Show as table").click()
    # The table is made when it is first shown.
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr").count() == 2


def test_links_can_be_shared_and_back_works(pages: Pages, report_url: str) -> None:
    """An address opens the same view again, and the back button returns to the one before."""
    page = pages.open(report_url + "#/compare?prompt=summarizer&base=1.0.0&head=1.2.0&view=inline")
    settle(page)
    assert page.locator("select").nth(0).input_value() == "summarizer"
    assert page.locator("table.diff.inline").count() >= 1
    page.get_by_role("tab", name="Alerts").click()
    page.wait_for_selector("tr.alert")
    page.go_back()
    settle(page)
    assert page.locator("select").nth(1).input_value() == "1.0.0"
    # Who reads one prompt of the list after the other finds the place again.
    page.set_viewport_size({"width": 1280, "height": 400})
    page.goto(report_url + "#/prompts")
    # Going there may end before the list is drawn, which then begins at its top.
    page.wait_for_selector("tbody th.name")
    page.evaluate("scrollTo(0, 250)")
    page.locator("tbody th.name a").nth(4).click()
    settle(page)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    page.wait_for_function("() => scrollY === 250")


def test_any_two_versions_have_a_test(pages: Pages, report_url: str) -> None:
    """A pair that nobody judged, here a newer version as the baseline, is tested in the page."""
    page = pages.open(report_url + "#/ab?prompt=summarizer&base=2.5.0&head=2.0.2&metric=cost")
    settle(page)
    assert "2.5.0 is better in cost per call" in page.inner_text(".result")
    assert "n 6,530" in page.inner_text(".result .arms")
    assert page.locator(".pair-ab table.effects tbody tr").count() == 2 + 6
    page.goto(report_url + "#/compare?prompt=summarizer&base=2.5.0&head=2.0.2")
    settle(page)
    told = page.locator("table.effects tbody tr").all_inner_texts()
    assert len(told) == 7
    assert all("[" in row for row in told)
    assert [row.split()[-1] for row in told[:4]] == ["worse"] * 3 + ["tell"]
    # The first version has no calls.
    page.goto(report_url + "#/ab?prompt=summarizer&base=2.5.0&head=1.0.0&metric=cost")
    settle(page)
    assert "no calls that can be compared" in page.inner_text(".pair-ab")
    # A link to what is gone says so, and does not pass off another pair for it.
    page.goto(report_url + "#/ab?prompt=summarizer&base=2.5.0&head=9.9.9")
    settle(page)
    assert "9.9.9: what follows is about other versions" in page.inner_text(".pair-ab")


def test_who_has_chosen_nothing_sees_what_worries_most(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """Compare and A/B begin with the gravest alert, else with what went live last, and say so."""
    report = synthetic_report(3, 4)
    last = report.prompts[2]
    base, middle, head = (v.version for v in last.versions[-3:])
    change = MetricComparison("cost.p95", 0.01, 0.02, 80, 80, effect=1.0, verdict="regression")
    alert = Alert(last.name, base, head, change, "warning")
    labels = (
        LabelRow(
            "production", report.prompts[0].name, "1.1.0", "2026-04-01T10:00:00Z", "", "1.0.0"
        ),
        LabelRow("staging", last.name, middle, "2026-04-02T10:00:00Z", "", base),
        LabelRow("staging", report.prompts[1].name, "1.0.0", "2026-04-03T10:00:00Z"),
        LabelRow("canary", last.name, head, "", "", base, f"Worse than {base}: cost", "worse"),
    )
    overview = report.overview._replace(labels=labels)
    url = write_report(report._replace(alerts=(alert,), overview=overview))
    page = pages.open(url + "#/ab")
    settle(page)
    chosen = "[...document.querySelectorAll('.chosen select')].map((one) => one.value)"
    assert page.evaluate(chosen)[:4] == [last.name, base, head, "cost"]
    said = page.inner_text(".aside").split()
    assert " ".join(said) == "Begins with the gravest alert: warning Cost per call p95 +100%"
    page.get_by_label("Prompt").select_option(report.prompts[0].name)
    settle(page)
    assert page.locator(".aside").count() == 0
    # Whoever names no metric sees what is worse about a pair.
    name, pair = next(
        (p.name, c)
        for p in report.prompts
        for c in p.comparisons
        if [m.metric for m in c.metrics if m.verdict == "regression"] == ["latency", "cost"]
    )
    page.goto(f"{url}#/ab?prompt={quote(name)}&base={pair.base}&head={pair.head}")
    settle(page)
    assert page.evaluate(chosen)[3] == "latency"
    page.goto(url + "#/overview")
    # What is worse leads to its own test, from the first sentence and from the table.
    settle(page)
    told = page.locator(f"a:has-text('Worse than {base}')").all()
    assert len(told) == 2
    assert all("metric=cost" in str(link.get_attribute("href")) for link in told)
    page.goto(write_report(report._replace(alerts=(), overview=overview)) + "#/compare")
    settle(page)
    assert page.evaluate(chosen) == [last.name, base, middle]
    assert page.inner_text(".aside").endswith("staging on 2 Apr 2026")


def test_search_shows_where_it_found_what(pages: Pages, report_url: str) -> None:
    """Lines of texts that hold the words are shown, and lead to their place in the prompt."""
    page = pages.open(report_url + '#/prompts?q="customer of" 1.2.0')
    having = [
        p for p in synthetic_report().prompts if any(v.version == "1.2.0" for v in p.versions)
    ]
    page.wait_for_selector(f"text={len(having)} prompts of 8")
    hits = page.locator("tr.below").first.locator("a")
    assert hits.all_inner_texts() == [
        "user, line 1\nCustomer of {{ company }} writes in {{ language }}:",
        "version\n1.2.0",
    ]
    assert hits.locator("mark").all_inner_texts() == ["Customer of", "1.2.0"]
    hits.first.click()
    settle(page)
    assert page.locator("pre mark").all_inner_texts() == ["Customer of"]
    in_sight = "document.querySelector('mark').getBoundingClientRect().top < innerHeight"
    page.wait_for_function(in_sight)
    # What reaches across highlighted syntax is found in its parts.
    page.goto(page.url.replace("%22customer+of%22+1.2.0", "%22of+%7B%7B+company%22"))
    page.wait_for_selector("text=1 hit of")
    assert page.locator("pre mark").all_inner_texts() == ["of ", "{{ company"]
    page.goto(report_url + "#/prompts?q=zzz-nothing")
    page.wait_for_selector("text=No prompt matches.")


def test_long_work_lets_the_page_go_on(pages: Pages) -> None:
    """Work goes on after each slice until it is done, or until it is not wanted any more."""
    page = pages.open()
    # Each piece takes longer than a slice may.
    work = "() => { const end = performance.now() + 25; while (performance.now() < end); }"
    told = "(most) => { const told = []; return [told, (done) => told.push(done) < most]; }"
    run = (
        f"async (most) => {{ const [told, goOn] = ({told})(most);"
        f" return [await m_slices.inSlices([1, 2, 3, 4], {work}, goOn), told]; }}"
    )
    page.evaluate(script_of("slices.js", f"globalThis.run = {run};"))
    assert page.evaluate("run(9)") == [True, [1, 2, 3]]
    assert page.evaluate("run(2)") == [False, [1, 2]]


def test_lines_of_older_versions_are_found(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """A line that is gone is found on demand, with the versions that had it."""
    texts = ("Be kind.", "Be kind.\nBe brief.", "Be brief.")
    full = synthetic_report(1, 3)
    versions = tuple(
        version._replace(messages=(MessageRow("system", text),))
        for version, text in zip(full.prompts[0].versions, texts, strict=True)
    )
    first, second = (v.version for v in versions[:2])
    url = write_report(full._replace(prompts=(full.prompts[0]._replace(versions=versions),)))
    page = pages.open(url + "#/prompts?q=be")
    settle(page)
    assert page.locator("tr.below a").all_inner_texts() == ["system\nBe brief."]
    page.get_by_role("button", name="Search older versions").click()
    settle(page)
    found = page.locator(".older .hits a")
    assert found.all_inner_texts() == [f"system, {first} to {second}\nBe kind."]
    page.reload()
    settle(page)
    found.click()
    settle(page)
    assert page.locator("pre mark").all_inner_texts() == ["Be", "Be"]
    assert page.get_by_label("Version").input_value() == second


def test_a_long_list_stays_where_it_is(pages: Pages, write_report: Callable[[Any], str]) -> None:
    """More rows and another order leave the window where it is scrolled to; a word finds all."""
    page = pages.open(write_report(synthetic_report(60, 2)) + "#/prompts")
    settle(page)
    rows = page.locator("tbody tr:not(.below)")
    assert rows.count() == 50
    page.evaluate("scrollTo(0, 900)")
    page.get_by_role("button", name="Show 10 more").dispatch_event("click")
    settle(page)
    assert (rows.count(), page.evaluate("scrollY")) == (60, 900)
    page.get_by_role("button", name="Calls").click()
    settle(page)
    assert page.evaluate("scrollY") == 900
    assert page.locator("td[data-head=Calls]").count() == 60
    page.locator("#prompt-search").fill("customer")
    page.wait_for_selector("tr.below")
    settle(page)
    assert page.locator("tr.below mark").first.inner_text().lower() == "customer"


def test_a_former_name_leads_to_the_prompt(pages: Pages, report_url: str) -> None:
    """A renamed prompt is found by its former name, and its old links still open it."""
    page = pages.open(report_url + "#/prompts?q=inbox")
    assert page.locator("tr.below").inner_text().split() == ["formerly", "inbox/sorter"]
    page.goto(report_url + "#/prompt/inbox%2Fsorter")
    settle(page)
    assert page.inner_text(".page-head h2") == "support/triage"
    assert "formerly inbox/sorter" in page.inner_text(".page-head")
    for view in ("ab", "compare", "alerts"):
        page.goto(f"{report_url}#/{view}?prompt=inbox%2Fsorter&when=all")
        settle(page)
        assert page.get_by_label("Prompt").input_value() == "support/triage", view
    assert page.locator("tbody tr.alert").count() > 0


def test_preview_renders_while_typing(pages: Pages, report_url: str) -> None:
    """Typed values appear in the rendered messages at once; wrong JSON is told beside its field."""
    page = pages.open(report_url + ROUTES["preview"])
    settle(page)
    page.locator("#value-company").fill("A <b>&Co")
    page.locator("#value-urgent").check()
    rendered = page.locator(".preview-output").inner_text()
    assert "Customer of A <b>&Co writes in English:" in rendered
    assert "Answer within two sentences." in rendered
    page.locator("#value-documents").fill("[1,")
    assert "documents: not valid JSON" in page.locator(".preview-form").inner_text()
    page.locator("#value-documents").fill('["a", 1.0]')
    shared = pages.open(page.evaluate("location.href"))
    settle(shared)
    assert shared.locator("#value-company").input_value() == "A <b>&Co"
    assert shared.locator("#value-documents").input_value() == '["a", 1.0]'
    assert shared.locator(".preview-output").inner_text() == page.inner_text(".preview-output")


def test_an_optional_value_can_be_left_out(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """A default of null starts as left out, and an address with a wrong value is told."""
    full = synthetic_report(1, 1)
    variables = (
        VariableRow("tone", required=False, default="null"),
        VariableRow("n", type="integer", required=False, default="3", enum=("1", "3")),
    )
    message = MessageRow("user", "{{ tone }}/{{ n + 1 }}/{{ tone is none }}")
    version = full.prompts[0].versions[0]._replace(messages=(message,), variables=variables)
    prompt = full.prompts[0]._replace(name="p", versions=(version,), comparisons=())
    url = write_report(full._replace(prompts=(prompt,), alerts=()))
    page = pages.open(url + "#/prompt/p?tab=preview")
    settle(page)
    output = page.locator(".preview-output pre")
    assert output.inner_text() == "None/4/True"
    page.get_by_label("left out").uncheck()
    page.locator("#value-tone").fill("warm")
    assert output.inner_text() == "warm/4/False"
    assert "tone" in page.url
    page = pages.open(url + "#/prompt/p?tab=preview&vars=" + quote('{"n": "2", "x": 1}'))
    settle(page)
    assert "n: none of the allowed values" in page.inner_text(".preview-output")


def test_chosen_prompts_are_exported_and_compared(pages: Pages, report_url: str) -> None:
    """Selected prompts leave the page with all their versions, and stand alone under an address."""
    page = pages.open(report_url + "#/prompts")
    boxes = page.locator("tbody input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(2).check()
    names = [page.locator("tbody th.name bdi").nth(at).inner_text() for at in (0, 2)]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="JSON (2 selected)").click()
    exported = json.loads(waiting.value.path().read_text(encoding="utf-8"))
    assert exported["schema"] == "promptreg-prompts/1"
    assert [prompt["name"] for prompt in exported["prompts"]] == names
    newest = exported["prompts"][0]["versions"][-1]
    assert len(newest["messages"][0]["content"]) > 100
    assert newest["metrics"]["latency"]["n"] > 0
    page.get_by_role("button", name="Compare (2 selected)").click()
    assert page.locator("tbody th.name bdi").all_inner_texts() == names
    page.reload()
    page.wait_for_selector("text=2 prompts of 8")
    page.get_by_role("button", name="Show all prompts").click()
    assert page.locator("tbody tr").count() == 8


def test_print_shows_the_page_without_controls(pages: Pages, report_url: str) -> None:
    """Printed, the page loses its tabs and filters and keeps its text."""
    page = pages.open(report_url + "#/alerts")
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert page.locator("tbody tr").first.is_visible()
    # Safari lays paper out by the width of the window: nothing may stand beside a version's text.
    page.goto(report_url + ROUTES["versions"])
    settle(page)
    summary, chips = (page.locator(f".version {name}").first for name in (".summary", ".chips"))
    left = "(node) => node.getBoundingClientRect().left"
    assert summary.evaluate(left) == chips.evaluate(left)
    page.goto(report_url + "#/compare?prompt=support/triage&base=1.0.0")
    settle(page)
    # Printers leave grounds out: words that came and went need lines.
    for word, line in (("ins", "underline"), ("del", "line-through")):
        drawn = page.locator(f"table.diff {word}").first
        assert drawn.evaluate("(node) => getComputedStyle(node).textDecorationLine") == line


def test_charts_are_drawn_anew_for_paper(pages: Pages, report_url: str) -> None:
    """A chart is printed at the width of paper, whole, and is as wide as before afterwards."""
    page = pages.open(report_url + "#/ab")
    settle(page)
    width = "document.querySelector('.plot > svg').clientWidth"
    before = page.evaluate(width)
    page.evaluate(
        f"addEventListener('beforeprint', () => {{ globalThis.printed = {width}; }})",
    )
    assert page.pdf(format="A4").count(b"/Type /Page\n") in {1, 2}
    assert 600 < page.evaluate("printed") < 700 < before
    assert page.evaluate(width) == before


def test_states_without_data_say_what_to_do(
    pages: Pages, write_report: Callable[[Any], str]
) -> None:
    """An empty registry, a prompt without calls and one with a single version read well."""
    url = write_report(Report("Nothing yet"))
    page = pages.open(url)
    assert "promptreg new NAME" in page.inner_text("main")
    for route in ("#/prompts", "#/ab", "#/compare", "#/alerts", "#/prompt/none", "#/nowhere"):
        page.goto(url + route)
        settle(page)
        assert page.locator(".empty").count() >= 1, route
    full = synthetic_report(1, 1)
    bare = full.prompts[0].versions[0]._replace(calls=0, metrics=(), models=(), changes=())
    single = full.prompts[0]._replace(versions=(bare,), series=(), comparisons=())
    early = f"{full.overview.days[-1]}T09:30:00Z"
    page = pages.open(write_report(full._replace(prompts=(single,), alerts=(), data_date=early)))
    assert "until 09:30 UTC" in page.locator("figure", has_text="Calls per day").inner_text()
    assert page.locator(".steps code").first.inner_text() == "promptreg metrics log"
    assert "no open alert" not in page.inner_text("main")
    page.goto(page.url + "#/alerts")
    page.wait_for_selector("text=Nothing is measured yet.")
    page.goto(page.url.split("#")[0] + ROUTES["versions"])
    settle(page)
    assert "No metrics yet." in page.inner_text("main")
    for tab in ("charts", "models", "text", "preview"):
        page.goto(page.url.split("#")[0] + ROUTES[tab])
        settle(page)
