"""The small parts of the report: numbers as text, spreads, packing, the script."""

from __future__ import annotations

import base64
import json
import random
import re
import statistics
import zlib
from typing import Any

import pytest
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

from promptreg.report import bundle
from promptreg.report.chunks import chunk_of, chunk_of_prompt
from promptreg.report.format import change_text, money, number, value_text
from promptreg.report.html import render
from promptreg.report.model import LabelRow, MetricComparison
from promptreg.report.plain import live_table
from promptreg.report.spread import interval_of, share_interval
from promptreg.report.template_tree import template_spans, template_tree
from promptreg.report.wire import pack_row
from promptreg.report.wire_prompt import pack_prompt
from tests.report.synthetic import synthetic_report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(None), "no data"),
        (number(0), "0"),
        (number(41_208), "41,208"),
        (number(9_980_000), "9.98\u00a0M"),
        (money(None, "USD"), "no data"),
        (money(14_203.4, "USD"), "$14,203"),
        (money(0.00975, "USD"), "$0.009750"),
        (money(1.63e-6, "USD"), "$0.00000163"),
        (money(0.0197, "EUR"), "\u20ac0.0197"),
        (money(3.5, "CHF"), "3.50\u00a0CHF"),
        (value_text(811.6, "ms", "USD"), "812\u00a0ms"),
        (value_text(0.985, "ratio", "USD"), "98.5%"),
        (value_text(0.86, "", "USD"), "0.860"),
        (value_text(4, "", "USD"), "4"),
        (value_text(None, "ms", "USD"), "no data"),
    ],
)
def test_values_read_well(text: str, expected: str) -> None:
    """Units always, thousands separated, missing is "no data"."""
    assert text == expected


def test_a_figure_of_zero_is_a_figure() -> None:
    """A cost or a success of 0 has its column among what is live; what nobody measured has none."""
    figures = {"calls": 3, "latency": None, "cost": 0.0, "quality": None, "success": 0.0}
    live = [{"name": "local", "live": {"1.0.0": figures}}]
    labels = [LabelRow("production", "local", "1.0.0")]
    table = live_table(labels, live, "USD")
    assert table.heads == ("Calls", "Cost per call", "Success")
    assert table.rows[0].figures == ("3", "$0.00", "0.0%")
    assert (
        live_table(labels, [{"name": "local", "live": {"1.0.0": {"calls": 0}}}], "USD").heads == ()
    )


def test_a_version_stands_with_its_own_date() -> None:
    """A pre-release is the newest release and not the latest version; each has its date."""
    prompt = synthetic_report(1, 3).prompts[0]
    assert "newest" not in pack_row(prompt)
    *others, latest, last = prompt.versions
    last = last._replace(version="9.0.0-rc.1", date="2027-01-01T00:00:00Z")
    row = pack_row(prompt._replace(versions=(*others, latest, last)))
    assert (row["latest"], row["date"]) == (latest.version, latest.date)
    assert (row["newest"]["latest"], row["newest"]["date"]) == (last.version, last.date)
    assert row["newest"]["change"][2] == latest.version


def test_effects_have_sign_and_interval() -> None:
    """A relative change is in percent, an error rate in points, each with its interval."""
    latency = MetricComparison("latency", 1, 1, 9, 9, effect=0.124, low=0.041, high=0.2)
    assert change_text(latency) == "+12% [+4.1, +20]"
    errors = MetricComparison(
        "error_rate", 1, 1, 9, 9, relative=False, effect=-0.002, low=-0.01, high=0.006
    )
    assert change_text(errors) == "\u22120.2\u00a0pp [\u22121, +0.6]"


def test_intervals_agree_with_scipy_and_statsmodels() -> None:
    """The t interval of a mean and Wilson's interval of a share, to nine digits."""
    rng = random.Random(3)
    values = [rng.gauss(5, 2) for _ in range(17)]
    mean, sd = statistics.fmean(values), statistics.stdev(values)
    expected = scipy.stats.t.interval(0.95, 16, mean, sd / 17**0.5)
    assert interval_of(17, mean, sd) == pytest.approx(expected, rel=1e-9)
    for ones, n in ((0, 10), (3, 20), (985, 1000), (7, 7)):
        expected = proportion_confint(ones, n, 0.05, "wilson")
        assert share_interval(ones, n) == pytest.approx(expected, abs=1e-9)
    assert interval_of(1, 5.0, None) is None


def test_no_asset_can_close_its_element() -> None:
    """Scripts and styles stand in the page as they are, so they must not hold a closing tag."""
    scripts = (bundle.boot_script(live=True), bundle.loader_script(), bundle.application())
    styles = (bundle.stylesheet(), bundle.application_style(live=True))
    for text in (*scripts, *styles):
        assert not re.search(r"</(script|style)|<!--", text, re.IGNORECASE)


def test_no_asset_asks_the_network_or_evaluates_text() -> None:
    """No address, no eval, no markup from strings in any module."""
    forbidden = r"\bfetch\(|XMLHttpRequest|innerHTML|outerHTML|insertAdjacent|\beval\(|new Function"
    application = bundle.application()
    assert not re.search(forbidden, application)
    addresses = set(re.findall(r"https?://[^\s\"'`]+", application))
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_modules_come_after_what_they_need() -> None:
    """The one script defines each module before the first that uses it, each once."""
    names = bundle.module_names("app.js")
    assert names[-1] == "app.js"
    assert len(names) == len(set(names))
    assert names.index("myers.js") < names.index("diff.js") < names.index("view_compare.js")


def test_the_application_comes_before_the_data() -> None:
    """Index and script stand before the first chunk, so the page works while the rest arrives."""
    page = "".join(render(synthetic_report(3, 3)).parts())
    order = [
        page.index(mark) for mark in ('id="index"', "promptreg-theme", 'id="search"', 'id="p0"')
    ]
    assert order[1] < order[0] < page.index('id="app"') < order[2] < order[3]


def test_ten_prompts_of_ten_versions_are_small() -> None:
    """A small registry stays under 300 kB, also with a prompt of 35,000 characters in it."""
    assert render(synthetic_report(10, 10, longest=5000)).size < 260_000
    assert render(synthetic_report(10, 10)).size < 300_000


def test_chunks_unpack_to_what_was_packed() -> None:
    """A chunk is base64 of deflated JSON, whatever characters it holds."""
    packed = pack_prompt(synthetic_report(1, 3).prompts[0]) | {"odd": "\u2028</script>\U0001f600"}
    for chunk in (chunk_of(packed), chunk_of_prompt(packed)):
        data = zlib.decompress(base64.b64decode(chunk), -15)
        assert json.loads(data) == json.loads(json.dumps(packed))


LINES = (
    "{{ a }}",
    "{{ b|upper }} x",
    "plain",
    "",
    "  ",
    "{% if a %}x{% endif %}",
    "{% for x in y %}\n- {{ x }}\n{% endfor %}",
    "{# c\n #}",
    "{%- if b -%}\nyes\n{%- endif %}",
    "{{- c -}}",
    "{{ 'x }}' }}",
    "{{\n a\n}}",
    "{'json': 1}",
    "}} text",
    "{{ 'a\n{{' }}",
    "{ {{ 'q' }} and {{ b }}}",
    "{{ \"a }} {{ b\" }} '{{ a }}'",
    "{{ a }}{{ b, c }}",
    "{% raw %}",
    "{% endraw %}",
    "{% macro m() %}1{% endmacro %}",
    "{{ m() }}",
    "{{ a",
    "{{{ a }}",
    "{% endif %}",
)


def _joined(nodes: Any) -> Any:
    """Join neighbouring texts, which render the same."""
    if not isinstance(nodes, list):
        return nodes
    found: list[Any] = []
    for node in map(_joined, nodes):
        last = found[-1] if found else None
        for kind in ("Output", "TemplateData"):
            if isinstance(last, list) and last[:1] == [kind] == node[:1]:
                found[-1] = [kind, _joined(last[1] + node[1])]
                break
        else:
            found.append(node)
    return found


def test_spans_of_lines_make_the_tree_of_the_whole() -> None:
    """A template parsed by spans has the statements and the fault of the template in one piece."""
    rng = random.Random(4)
    several = faulty = 0
    for turn in range(2000):
        lines = LINES if turn % 3 else LINES[:18]
        text = "\n".join(rng.choice(lines) for _ in range(rng.randint(1, 8)))
        if not any(mark in text for mark in ("{{", "{%", "{#")):
            continue
        # A carriage return keeps a template in one piece, and jinja2 reads it as a line end.
        whole = template_tree(f"{text}\r")
        tree = template_tree(f"{text}\n")
        assert _joined(tree) == _joined(whole), text
        several += len(template_spans(f"{text}\n")) > 1
        faulty += tree[0] == "Error"
    assert several > 200
    assert faulty > 500


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% if %}", "line 1: "),
        ("a\n{{ x.__class__ }}", "line 2: a template cannot reach '__class__'"),
        ("{{ cycler('a') }}", "line 1: a template cannot call cycler()"),
    ],
)
def test_a_wrong_template_exports_its_error(template: str, said: str) -> None:
    """What the sandbox refuses is not previewed, and the reason is told."""
    kind, message = template_tree(template)
    assert kind == "Error"
    assert message.startswith(said)
