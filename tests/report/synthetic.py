"""Makes reports from thin air: seeded, of any size, with texts that people really edited."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptreg.report.model import (
    DEFAULT_METRICS,
    Alert,
    Arm,
    ArmContext,
    ArmMetric,
    Arms,
    ChangeRow,
    Comparison,
    Figure,
    Histogram,
    LabelRow,
    MessageRow,
    MetricComparison,
    MetricInfo,
    MetricScale,
    MetricSummary,
    ModelSummary,
    Overview,
    Point,
    PromptRow,
    Report,
    Series,
    VariableRow,
    VersionRow,
)

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus" / "prompt_histories.jsonl.gz"
NAMES = (
    "support/triage",
    "support/reply",
    "billing/refund",
    "search/rewrite",
    "code_reviewer",
    "summarizer",
    "news_summarizer",
    "classifier",
)
AUTHORS = ("Ada Moreau", "Jonas Lindqvist", "Priya Raman", "Tom\u00e1s Ibarra")
MODELS = ("openai/gpt-4o", "openai/gpt-4o-mini", "anthropic/claude-sonnet-4")
TAGS = ("support", "finance", "search", "engineering", "content")
SENTENCES = (
    "You are an assistant for {{ company }}.",
    "Answer in {{ language }} and keep a calm, friendly tone.",
    "Never invent facts, prices or dates.",
    "If you do not know the answer, say so and offer to hand over to a person.",
    'Return valid JSON with the keys "answer" and "sources".',
    "Think about what the reader already knows before you answer.",
    "Use short sentences and no jargon.",
    "Quote at most two passages from the documents below.",
    "{% for doc in documents %}- {{ doc }}\n{% endfor %}",
    "List every assumption you made at the end.",
    "Prefer concrete examples over general advice.",
    "Refuse politely when the request is out of scope.",
)
EPOCH = dt.date(2026, 3, 2)


def histories() -> list[list[str]]:
    """Return texts as people edited them, or made-up edits where the corpus is absent."""
    if not CORPUS.exists():
        return []
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        return [[v["text"] for v in json.loads(line)["versions"]] for line in lines]


def synthetic_report(
    prompts: int = 8, versions: int = 12, *, seed: int = 1, days: int = 60, longest: int = 10**9
) -> Report:
    """Return a report about prompts that live only here; no text is longer than `longest`."""
    rows = tuple(synthetic_prompts(prompts, versions, seed=seed, days=days, longest=longest))
    alerts = tuple(a for row in rows for a in alerts_of(row))
    return Report(
        title="Prompt report",
        repository="acme/prompts",
        commit="4f2c91a7d0c5b8e3f6a1928374655647382910ab",
        commit_date="2026-11-20T16:04:11Z",
        data_date="2026-11-21T09:30:02.123456Z",
        metrics=(*DEFAULT_METRICS, MetricInfo("faithfulness", "Faithfulness", "", None)),
        overview=overview_of(rows),
        prompts=rows,
        alerts=alerts,
        tool="promptreg 0.1.0",
    )


def synthetic_prompts(
    prompts: int, versions: int, *, seed: int = 1, days: int = 60, longest: int = 10**9
) -> Iterator[PromptRow]:
    """Yield prompts one at a time, each a pure function of its number."""
    texts = [history for history in histories() if max(map(len, history)) <= longest]
    for number in range(prompts):
        # The figures must not hang on whether the corpus is here.
        rng, texts_rng = random.Random(f"{seed}/{number}"), random.Random(f"{seed}/{number}/texts")
        name = NAMES[number] if number < len(NAMES) else f"team-{number % 40}/prompt-{number}"
        edits = _edits(texts_rng, texts[number % len(texts)] if texts else [], versions)
        yield _prompt(rng, name, edits, versions, days)


def _prompt(
    rng: random.Random, name: str, systems: Sequence[str], count: int, days: int
) -> PromptRow:
    numbers = _version_numbers(rng, count)
    metrics_from = 1 if count > 2 else 0
    rows: list[VersionRow] = []
    base = rng.uniform(300, 1500), rng.uniform(0.002, 0.03), rng.uniform(0.7, 0.92)
    date = EPOCH
    for index, (version, text) in enumerate(zip(numbers, systems, strict=True)):
        date += dt.timedelta(days=rng.randint(1, max(1, 480 // count)))
        drift = 1 - 0.01 * index + rng.gauss(0, 0.05) + (0.5 if index == count - 2 else 0)
        calls = rng.randint(200, 4000) if index >= metrics_from else 0
        rows.append(_version(rng, name, version, text, date, index, count, calls, drift, base))
    comparisons = tuple(
        _comparison(rng, a, b)
        for i, a in enumerate(rows)
        for b in rows[i + 1 :]
        if a.calls and b.calls and (b is rows[i + 1] or len(rows) <= 12)
    )
    start = dt.date(2026, 11, 21) - dt.timedelta(days=days)
    return PromptRow(
        name=name,
        path=f"prompts/{name}.prompt.yml",
        title=name.rpartition("/")[2].replace("_", " ").capitalize(),
        description="Answers customers in the tone of the brand, with sources.",
        tags=tuple(sorted(rng.sample(TAGS, 2))),
        metadata=(("owner", json.dumps(f"{rng.choice(TAGS)}-team")),),
        file_url=f"https://git.example/acme/prompts/blob/main/prompts/{name}.prompt.yml",
        edit_url=f"https://git.example/acme/prompts/edit/main/prompts/{name}.prompt.yml",
        versions=tuple(rows),
        series=tuple(_series(rng, rows, start, days, base)) if rows[-1].calls else (),
        comparisons=comparisons,
        formerly=("inbox/sorter",) if name == NAMES[0] else (),
        arms=_arms(rows),
    )


def _edits(rng: random.Random, history: Sequence[str], count: int) -> list[str]:
    texts = list(history[:count])
    current = texts[-1] if texts else "\n".join(SENTENCES[:5]) + "\n"
    while len(texts) < count:
        lines = current.split("\n")
        place = rng.randrange(len(lines))
        if rng.random() < 0.5 or len(lines) < 6:
            lines.insert(place, rng.choice(SENTENCES[:8]))
        else:
            lines[place] = lines[place].replace(" the ", f" {rng.choice(TAGS)} ", 1) or "Go on."
        current = "\n".join(lines)
        texts.append(current)
    return texts


def _version_numbers(rng: random.Random, count: int) -> list[str]:
    numbers = [(1, 0, 0)]
    while len(numbers) < count:
        major, minor, patch = numbers[-1]
        draw = rng.random()
        if draw < 0.08:
            numbers.append((major + 1, 0, 0))
        elif draw < 0.8:
            numbers.append((major, minor + 1, 0))
        else:
            numbers.append((major, minor, patch + 1))
    return [".".join(map(str, n)) for n in numbers]


def _version(  # noqa: PLR0917 - a made-up version has many parts
    rng: random.Random,
    name: str,
    version: str,
    text: str,
    date: dt.date,
    index: int,
    count: int,
    calls: int,
    drift: float,
    base: tuple[float, float, float],
) -> VersionRow:
    latency, cost, quality = base[0] * drift, base[1] * drift, min(0.98, base[2] + 0.004 * index)
    level = "first" if not index else "minor" if version.endswith(".0") else "patch"
    if index and version.endswith(".0.0"):
        level = "major"
    labels = {count - 1: ("staging",), count - 2: ("production",)}.get(index, ())
    summaries = (
        (
            summary("quality", calls // 4, quality, 0.08, rng),
            summary("latency", calls, latency, latency * 0.6, rng),
            summary("cost", calls, cost, cost * 0.4, rng),
            MetricSummary("success_rate", calls, 0.985, 0.12, 0.978, 0.99),
            summary("input_tokens", calls, 812, 200, rng),
            summary("output_tokens", calls, 230, 90, rng),
            summary("faithfulness", calls // 4, 0.9, 0.05, rng),
        )
        if calls
        else ()
    )
    digest = hashlib.sha256(f"{name}{version}".encode()).hexdigest()
    return VersionRow(
        version=version,
        digest=digest,
        commit=hashlib.sha1(digest.encode()).hexdigest(),
        author=rng.choice(AUTHORS),
        date=f"{date.isoformat()}T{rng.randint(8, 18):02}:12:00Z",
        level=level,
        summary=f"{name} {version}: " + rng.choice(SENTENCES[2:8]),
        changes=(ChangeRow("message-changed", "minor", "system message reworded"),)
        if index
        else (),
        lines_added=rng.randint(1, 9) if index else text.count("\n"),
        lines_removed=rng.randint(0, 5) if index else 0,
        labels=labels,
        model=MODELS[index % 2 if index > count // 2 else 0],
        messages=(
            MessageRow("system", text),
            MessageRow("placeholder", "history"),
            MessageRow(
                "user",
                "Customer of {{ company }} writes in {{ language }}:\n{{ question | trim }}\n"
                "{% if urgent %}Answer within two sentences.{% endif %}",
            ),
        ),
        variables=(
            VariableRow("company", description="Whom we speak for"),
            VariableRow(
                "language", required=False, default='"English"', enum=('"English"', '"Deutsch"')
            ),
            VariableRow("question", description="The message of the customer"),
            VariableRow("urgent", "boolean", required=False, default="false"),
            VariableRow("documents", "array", required=False, default="[]"),
        ),
        settings=(
            ("modelParameters.temperature", str(round(0.2 + 0.1 * (index % 4), 1))),
            ("modelParameters.maxTokens", "800"),
        ),
        calls=calls,
        cost=cost * calls if calls else None,
        tokens=1042 * calls if calls else None,
        last_call="2026-11-21T09:30:02Z" if calls else None,
        metrics=summaries,
        models=tuple(
            ModelSummary(
                model,
                calls // 2,
                tuple(summaries),
                ("fastest", "cheapest") if model == MODELS[1] else ("best quality",),
            )
            for model in MODELS[:2]
        )
        if calls
        else (),
    )


def summary(metric: str, n: int, mean: float, sd: float, rng: random.Random) -> MetricSummary:
    """Return a made-up summary whose parts fit together."""
    if n == 0:
        return MetricSummary(metric, 1, mean)
    bounded = metric in {"quality", "faithfulness"}
    quantiles = tuple(
        min(1.0, mean + z * sd) if bounded else mean * math.exp(z * sd / mean * 0.8)
        for z in (-1.6, -0.67, 0, 0.67, 1.6)
    )
    low, high = quantiles[0] * 0.8, min(1.0, quantiles[4] * 1.1) if bounded else quantiles[4] * 1.3
    counts = tuple(
        int(n * math.exp(-(((i - 6) / 4) ** 2)) / 7 * rng.uniform(0.8, 1.2)) for i in range(16)
    )
    half = 1.96 * sd / math.sqrt(n)
    return MetricSummary(
        metric, n, mean, sd, mean - half, mean + half, quantiles, Histogram(low, high, counts)
    )


def _series(
    rng: random.Random,
    rows: Sequence[VersionRow],
    start: dt.date,
    days: int,
    base: tuple[float, float, float],
) -> Iterator[Series]:
    live = [row for row in rows if row.calls][-3:]
    for place, row in enumerate(live):
        latency = row.metric("latency")
        assert latency
        first = place * days // 4
        last = days if place == len(live) - 1 else (place + 2) * days // 4
        points = []
        for day in range(first, last):
            wave = 1 + 0.05 * math.sin(day / 4) + rng.gauss(0, 0.03)
            calls = int(row.calls / days * (1 + 0.4 * math.sin(day * 0.9)) + 8)
            points.append(
                Point(
                    (start + dt.timedelta(days=day)).isoformat(),
                    calls,
                    calls * base[1],
                    calls * 1042,
                    latency.quantiles[2] * wave,
                    latency.quantiles[4] * wave * rng.uniform(0.9, 1.15),
                    min(0.99, base[2] * (1 + 0.02 * wave - 0.02)),
                    min(1.0, 0.985 + rng.gauss(0, 0.006)),
                )
            )
        yield Series(row.version, tuple(points))


SCALES = (
    MetricScale("quality", "higher", "linear"),
    MetricScale("latency", "lower", "log"),
    MetricScale("cost", "lower", "log"),
    MetricScale("error_rate", "lower", "linear"),
    MetricScale("input_tokens", "lower", "log"),
    MetricScale("output_tokens", "lower", "log"),
    MetricScale("faithfulness", None, "linear"),
)


def _arms(rows: Sequence[VersionRow]) -> Arms:
    scales = {each.metric: each.scale for each in SCALES}

    def tested(found: MetricSummary) -> ArmMetric:
        sd = found.sd or 0.0
        if found.metric == "success_rate":
            return ArmMetric("error_rate", found.n, 1 - found.mean, found.n, 1 - found.mean, sd)
        if scales[found.metric] == "linear":
            return ArmMetric(found.metric, found.n, found.mean, found.n, found.mean, sd)
        spread = math.log1p((sd / found.mean) ** 2)
        mean = math.log(max(1e-9, found.mean)) - spread / 2
        return ArmMetric(found.metric, found.n, found.mean, found.n, mean, math.sqrt(spread))

    order = [each.metric for each in SCALES]
    arms = [
        Arm(
            row.version,
            0,
            model.model,
            model.calls,
            tuple(sorted(map(tested, model.metrics), key=lambda m: order.index(m.metric))),
        )
        for row in rows
        for model in sorted(row.models)
    ]
    return Arms((ArmContext("production calls", suite=False),), SCALES, tuple(arms))


def _comparison(rng: random.Random, a: VersionRow, b: VersionRow) -> Comparison:
    found = []
    for metric, limit, sign in (
        ("quality", "-10%", -1),
        ("latency", "+30%", 1),
        ("cost", "+20%", 1),
        ("error_rate", "+5pp", 1),
    ):
        if metric == "error_rate":
            found.append(
                MetricComparison(
                    metric,
                    0.015,
                    0.017,
                    a.calls,
                    b.calls,
                    relative=False,
                    effect=0.002,
                    low=-0.004,
                    high=0.008,
                    limit=limit,
                    verdict="ok",
                    state="running",
                    confidence=0.41,
                    needed=900,
                )
            )
            continue
        old, new = a.metric(metric), b.metric(metric)
        assert old
        assert new
        effect = new.mean / old.mean - 1
        width = 0.3 / math.sqrt(min(old.n, new.n) / 20)
        harm = sign * effect
        allowed = 0.3 if metric == "latency" else 0.2 if metric == "cost" else 0.1
        if harm - width > allowed * 0.6:
            verdict = "regression"
        elif harm + width < 0:
            verdict = "better"
        else:
            verdict = "ok" if harm + width < allowed else "cannot tell"
        clear = abs(effect) > width
        winner = (b.version if harm < 0 else a.version) if clear else None
        found.append(
            MetricComparison(
                metric,
                old.mean,
                new.mean,
                old.n,
                new.n,
                effect=effect,
                low=effect - width,
                high=effect + width,
                limit=limit,
                verdict=verdict,
                state="winner" if clear else "running",
                winner=winner,
                confidence=0.97 if clear else 0.55,
                needed=None if clear else 640,
            )
        )
    return Comparison(a.version, b.version, "production, all models", tuple(found))


def alerts_of(prompt: PromptRow) -> Iterator[Alert]:
    """Yield what a report would warn about."""
    order = [v.version for v in prompt.versions]
    for comparison in prompt.comparisons:
        if order.index(comparison.head) != order.index(comparison.base) + 1:
            continue
        for metric in comparison.metrics:
            last = comparison.head in order[-2:]
            if metric.verdict == "regression":
                severity = "critical" if (metric.effect or 0) > 0.5 else "warning"
                live = ("production",) if comparison.head == order[-2] else ()
                yield Alert(
                    prompt.name, comparison.base, comparison.head, metric, severity, last, live
                )
            elif metric.verdict == "cannot tell" and last:
                yield Alert(prompt.name, comparison.base, comparison.head, metric, "info")


def overview_of(rows: Sequence[PromptRow]) -> Overview:
    """Return the first page's figures over all prompts."""
    days: dict[str, list[float]] = {}
    for row in rows:
        for series in row.series:
            for point in series.points:
                day = days.setdefault(point.date, [0.0, 0.0, 0.0])
                day[0] += point.calls
                day[1] += point.cost or 0
                day[2] += point.tokens or 0
    ordered = [days[day] for day in sorted(days)]
    versions = [v for row in rows for v in row.versions]

    def figure(name: str, total: float | None, column: int) -> Figure:
        course = tuple(day[column] for day in ordered)
        return Figure(name, total, sum(course[-7:]), sum(course[-14:-7]), course[-30:])

    return Overview(
        days=tuple(sorted(days)[-30:]),
        figures=(
            Figure("prompts", len(rows)),
            Figure("versions", len(versions)),
            figure("calls", sum(v.calls for v in versions), 0),
            figure("cost", sum(v.cost or 0 for v in versions), 1),
            figure("tokens", sum(v.tokens or 0 for v in versions), 2),
            Figure("success_rate", 0.985, 0.984, 0.987, tuple(0.98 + 0.001 * i for i in range(9))),
        ),
        labels=tuple(
            LabelRow(
                "production",
                row.name,
                row.versions[-2].version,
                "2026-11-12T10:00:00Z",
                "Ada Moreau",
                row.versions[-3].version,
                "Slower than 1.9.0: latency +46% [+40, +52]" if not n else "No worse than before",
                "worse" if not n else "fine" if n % 2 else "unknown",
                (row.versions[-1].version,),
            )
            for n, row in enumerate(rows[:50])
            if len(row.versions) > 2
        ),
        unpromoted=tuple((row.name, row.versions[-1].version) for row in rows[:3]),
    )
