"""Any two versions: the page tests the pairs that nobody judged, as Python would have."""

from __future__ import annotations

import itertools
import json
import math
import random
from typing import Any

import pytest

from promptreg.config import Config
from promptreg.gate import gate_thresholds
from promptreg.gate.model import Context
from promptreg.gate.pairing import Side
from promptreg.report.arms import arms_of
from promptreg.report.bundle import script_of
from promptreg.report.measures import VersionMeasures
from promptreg.report.model import (
    Comparison,
    MetricComparison,
    MetricSummary,
    ModelSummary,
    ModelTest,
    PromptRow,
    VersionRow,
)
from promptreg.report.verdicts import compare_versions
from promptreg.report.wire_prompt import pack_prompt
from promptreg.stats.samples import Sample
from tests.report.conftest import Pages

VERSIONS = 12
CONTEXTS = (
    Context(None, None, None),
    Context(None, None, "production"),
    Context("golden", "d1", None),
    Context("golden", "d2", None),
)
MODELS = ("", "b/small", "a/large")
# As one text: the browser hands a hundred thousand values over one by one.
COLLECT = """(prompts) => JSON.stringify(prompts.map((packed) => {
  const prompt = decode(packed);
  const { versions } = prompt;
  return versions.map((a) => versions.map((b) => comparisonsOf(prompt, a, b)));
}))"""


def _values(rng: random.Random, metric: str) -> list[float]:
    n = rng.choice((0, 1, 5, 19, 20, 21, 40, 60, 150, 400))
    kind = rng.random()
    if metric == "error_rate":
        share = rng.choice((0.0, 0.0, 0.05, 0.3, 1.0))
        return [float(rng.random() < share) for _ in range(n)]
    if metric in {"quality", "faithfulness", "no name!"}:
        if kind < 0.15:
            return [rng.choice((0.0, 1.0, 0.75))] * n
        mean = rng.uniform(0.4, 0.9)
        return [min(1.0, max(0.0, rng.gauss(mean, 0.1))) for _ in range(n)]
    size = 10 ** rng.uniform(-6, -1) if metric == "cost" else 10 ** rng.uniform(0, 4)
    if kind < 0.1:
        return [0.0] * n
    if kind < 0.2:
        return [size] * n
    logs = [rng.gauss(math.log(size), 0.6) for _ in range(n)]
    return [0.0 if rng.random() < 0.01 else math.exp(log) for log in logs]


def _side(rng: random.Random) -> Side:
    models = rng.sample(MODELS, rng.randint(1, 3))
    samples = {
        (model, metric): Sample.of(_values(rng, metric))
        for model in models
        for metric in ("quality", "latency", "cost", "error_rate", "faithfulness", "no name!")
        if rng.random() < 0.9
    }
    kept = {key: sample for key, sample in samples.items() if sample.n}
    return Side({model: rng.randint(400, 2000) for model in models}, {}, kept)


def _prompt(rng: random.Random, config: Config) -> tuple[PromptRow, dict[str, VersionMeasures]]:
    measures = {
        f"1.{number}.0": VersionMeasures(
            sides={context: _side(rng) for context in CONTEXTS if rng.random() < 0.7}
        )
        for number in range(VERSIONS)
    }
    rows = []
    for version, one in measures.items():
        # Some of the arms are all that a version has of a model, and are then written once.
        known = next(iter(one.sides.values()), Side())
        own = {
            model: tuple(
                MetricSummary(
                    "success_rate" if name == "error_rate" else name,
                    sample.n,
                    1 - sample.mean if name == "error_rate" else sample.mean,
                )
                for (of, name), sample in known.samples.items()
                if of == model
            )
            for model in known.calls
        }
        models = tuple(ModelSummary(model, 9, own[model]) for model in sorted(own))
        rows.append(VersionRow(version, "d" * 64, models=models, calls=9))
    thresholds = gate_thresholds(config, "")
    judged = [
        comparison
        for base, head in itertools.pairwise(measures.items())
        for comparison in compare_versions(base, head, thresholds, tests=False)
    ]
    arms = arms_of(measures, thresholds)
    prompt = PromptRow("p", versions=tuple(rows), comparisons=tuple(judged), arms=arms)
    return prompt, measures


@pytest.mark.browser
def test_any_two_versions_are_tested_as_python_tests_them(pages: Pages) -> None:
    """Of 150 random pairs with all contexts, models and metrics: neighbours, others, itself."""
    gate = {
        "latency.p95": "<=10ms",
        "success_rate": "-3pp",
        "faithfulness": "-5%",
        "quality": ">=0.5",
        "latency": "off",
    }
    configs = (Config(), Config(gate={"": gate}))
    rng = random.Random(20261123)
    made = [_prompt(rng, config) for config in configs]
    page = pages.open()
    names = "globalThis.decode = m_decode.decode; globalThis.comparisonsOf = m_pairs.comparisonsOf;"
    page.evaluate(script_of("view_ab.js", names))
    packed = [json.loads(json.dumps(pack_prompt(prompt))) for prompt, _ in made]
    found = json.loads(page.evaluate(COLLECT, packed))
    seen: dict[str, int] = {}
    for config, (prompt, measures), shown in zip(configs, made, found, strict=True):
        thresholds = gate_thresholds(config, "")
        versions = [(v.version, measures[v.version]) for v in prompt.versions]
        for base, head in itertools.product(range(VERSIONS), repeat=2):
            is_judged = head == base + 1
            if config.gate and not is_judged:
                # Which way a score is better, only the page knows here.
                continue
            limits = thresholds if is_judged else ()
            expected = compare_versions(versions[base], versions[head], limits)
            assert len(shown[base][head]) == len(expected)
            for ours, theirs in zip(shown[base][head], expected, strict=True):
                _check(ours, theirs, seen)
    # Each way that a test can end was met often.
    assert all(seen[state] > 100 for state in ("winner", "running", "collecting")), seen


def _check(ours: dict[str, Any], theirs: Comparison, seen: dict[str, int]) -> None:
    assert (ours["base"], ours["head"], ours["basis"]) == theirs[:3]
    if ours.get("tested"):
        assert ours["notes"] == [note for note in theirs.notes if "left out" not in note]
    else:
        assert ours["notes"] == [*theirs.notes]
    assert [m["metric"] for m in ours["metrics"]] == [m.metric for m in theirs.metrics]
    for shown, row in zip(ours["metrics"], theirs.metrics, strict=True):
        assert shown["verdict"] == row.verdict
        assert shown["note"] == row.note or row.note == "this name cannot be judged"
        assert [test["model"] for test in shown["tests"]] == [test.model for test in row.tests]
        for a, b in zip((shown, *shown["tests"]), (row, *row.tests), strict=True):
            _check_test(a, b, seen)


def _check_test(
    ours: dict[str, Any], theirs: MetricComparison | ModelTest, seen: dict[str, int]
) -> None:
    assert (ours["baseN"], ours["headN"]) == (theirs.base_n, theirs.head_n)
    assert ours["base"] == _near(theirs.base, 6e-4)
    assert ours["head"] == _near(theirs.head, 6e-4)
    if theirs.state == "none":
        # What is no metric's name is never tested.
        assert ours["state"] in {"none", "collecting"}
        return
    width = 1.0
    if theirs.low is not None and theirs.high is not None:
        width = theirs.high - theirs.low
    for end in ("effect", "low", "high"):
        assert ours[end] == _near(getattr(theirs, end), 2e-3, 2e-3 * width + 1e-4), end
    assert ours["confidence"] == _near(theirs.confidence, 0.0, 2e-3)
    if theirs.confidence is None or abs(theirs.confidence - 0.95) > 2e-3:
        assert (ours["state"], ours["winner"]) == (theirs.state, theirs.winner)
    seen[theirs.state] = seen.get(theirs.state, 0) + 1


def _near(value: float | None, rel: float, step: float = 1e-12) -> Any:
    return None if value is None else pytest.approx(value, rel=rel, abs=step)
