"""The report of a real repository with a real metrics store."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from benchmarks.repositories import Shape, build_registry
from promptreg.errors import ConfigError
from promptreg.metrics import Metrics
from promptreg.registry import Registry
from promptreg.report.asking import Answers, Scope
from promptreg.report.assembly import Setting
from promptreg.report.data import Collector, Options
from promptreg.report.desk import Done, Here
from promptreg.report.html import render
from promptreg.report.lines import PackedLine
from promptreg.report.measures import measure
from promptreg.report.model import PromptRow, Report
from promptreg.report.origin import origin_of, parse_remote
from promptreg.report.schema import as_json, json_schema
from tests.kit import Repo, prompt_text

FILE = "prompts/summarizer.prompt.yml"
SYSTEMS = (
    "You are a news summarizer.",
    "You are a news summarizer. Be brief.",
    "You are a senior news summarizer. Be brief.",
    "You are a senior news summarizer. Be brief and kind.",
)
START = datetime(2026, 10, 1)  # noqa: DTZ001 - rows hold naive UTC


def _edit(repo: Repo, old: str, new: str) -> None:
    repo.write(FILE, repo.read(FILE).replace(old, new))


def _log(registry: Registry, version: str, at: int, *, slow: float = 1.0) -> None:
    rng = random.Random(version)
    digest = registry._digest_of("summarizer", version)
    registry.metrics.log_many(
        {
            "prompt": "summarizer",
            "version": version,
            # Some loggers know no digest.
            "digest": None if n % 10 == 0 else digest,
            "ts": (START + timedelta(days=10 * at, minutes=20 * n)).isoformat(" "),
            "model": ("gpt-4o", "gpt-4o-mini")[n % 2],
            "latency_ms": rng.lognormvariate(6.5, 0.4) * slow * (1, 0.5)[n % 2],
            "input_tokens": 800,
            "output_tokens": 200,
            "cost": 0.004 * (0.9 + 0.2 * rng.random()),
            "currency": "USD",
            "quality_score": min(1.0, max(0.0, rng.gauss(0.85, 0.05))),
            "success": n % 50 != 0,
            "scores": {"faithfulness": rng.random()},
        }
        for n in range(400)
    )


IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Ada Example"), ("EMAIL", "ada@example.com"))
}


class _Rows(Here):
    """Keeps prompts as they are before they are packed, which no command holds at once."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.rows: dict[str, PromptRow] = {}

    def finish(self, name: str, answers: Answers | None, setting: Setting) -> Future[Done]:
        """Put a prompt together, and pack nothing."""
        found = self._desk.assemble(name, answers, setting)
        self.rows[name] = found.row
        future: Future[Done] = Future()
        future.set_result(Done(PackedLine(""), found.extract))
        return future


def collect(registry: Registry, options: Options | None = None) -> Report:
    """Return a whole report with its prompts."""
    collector = Collector(registry, options or Options(), for_json=True)
    staff = _Rows(registry)
    links = [links for _, links in collector.finished(staff)]
    prompts = (
        row._replace(file_url=link.file, edit_url=link.edit)
        for row, link in zip(staff.rows.values(), links, strict=True)
    )
    return collector.report()._replace(prompts=tuple(prompts))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Four released versions, the third live, the fourth slow; one prompt without calls."""
    repo = Repo(tmp_path_factory.mktemp("data") / "acme", environment=IDENTITY)
    repo.path.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.git("remote", "add", "origin", "https://ada:secret@github.com/acme/prompts.git")
    repo.write(".gitignore", ".promptreg/\n")
    repo.write(FILE, prompt_text(SYSTEMS[0]))
    repo.write("prompts/support/triage.prompt.yml", prompt_text("Triage."))
    for number, system in enumerate(SYSTEMS):
        if number:
            _edit(repo, SYSTEMS[number - 1], system)
        if number == 3:
            repo.write(FILE, repo.read(FILE) + "tags: [news]\nmetadata: {owner: {team: x}}\n")
        repo.bump_and_commit(system)
        repo.ok("release")
        if number in {1, 2}:
            repo.ok("label", "set", "production", "summarizer", f"1.{number}.0")
            repo.commit("promote")
    repo.write(
        "prompts/support/triage.prompt.yml",
        repo.read("prompts/support/triage.prompt.yml").replace("Triage.", "Triage well."),
    )
    repo.commit("not bumped")
    with Registry(repo.path) as opened:
        for at, version in enumerate(("1.0.0", "1.1.0", "1.2.0", "1.3.0")):
            _log(opened, version, at, slow=1.8 if version == "1.3.0" else 1.0)
        opened.metrics.log(prompt="summarizer", version="9.9.9", digest="e" * 64, latency_ms=1.0)
        opened.metrics.close()
        yield opened


@pytest.fixture(scope="module")
def report(registry: Registry) -> Report:
    """Return the collected report."""
    return collect(registry)


def _prompt(report: Report, name: str = "summarizer") -> PromptRow:
    return next(prompt for prompt in report.prompts if prompt.name == name)


def test_versions_come_from_the_tags(report: Report) -> None:
    """Each release has its text, level, change list, commit and line counts, lowest first."""
    prompt = _prompt(report)
    assert [v.version for v in prompt.versions] == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
    first, second, third, fourth = prompt.versions
    assert first.level == "first"
    assert second.level == "minor"
    assert [c.rule for c in second.changes] == ["message-changed"]
    assert third.messages[0].text == "You are a senior news summarizer. Be brief.\n"
    assert (third.lines_added, third.lines_removed) == (1, 1)
    assert third.labels == ("production",)
    assert third.author == "Ada Example"
    assert [v.name for v in third.variables] == ["article"]
    assert ("modelParameters.temperature", "0.2") in third.settings
    added = set(fourth.settings) - set(third.settings)
    assert added == {("tags", '["news"]'), ("metadata.owner.team", '"x"')}
    assert prompt.file_url.startswith("https://github.com/acme/prompts/blob/")
    assert prompt.edit_url.endswith("/edit/main/prompts/summarizer.prompt.yml")
    assert "secret" not in json.dumps(as_json(report))


def test_content_without_a_release_is_shown_as_such(report: Report) -> None:
    """What the commit holds beyond the tags stands last, unreleased, under a pseudo-version."""
    versions = _prompt(report, "support/triage").versions
    assert [v.released for v in versions] == [True, False]
    assert versions[1].version.startswith("1.0.1-0.")
    assert not any(v.calls for v in versions)


def test_rows_belong_to_their_version(report: Report) -> None:
    """Rows count for the version of their digest, or of their name without a digest; none twice."""
    for version in _prompt(report).versions:
        assert version.calls == 400
        assert version.tokens == 400 * 1000
        assert {m.metric: m.n for m in version.metrics}["success_rate"] == 400
        latency = version.metric("latency")
        assert latency
        # A call that failed says nothing about how fast answers come.
        assert latency.n == 392
        assert list(latency.quantiles) == sorted(latency.quantiles)
        assert latency.histogram
        assert abs(sum(latency.histogram.counts) - latency.n) <= 8
        assert version.metric("faithfulness")
    assert any("1 metric rows are of versions" in note for note in report.notes)


def test_figures_equal_plain_sql(report: Report, registry: Registry) -> None:
    """Quantiles, means and sums are those of a query written by hand."""
    digest = _prompt(report).versions[2].digest
    p50, cost, total = registry.metrics.sql(
        "SELECT quantile_cont(latency_ms, 0.5) FILTER (success), avg(cost), sum(cost) FROM calls "
        "WHERE digest = ? OR (digest IS NULL AND version = '1.2.0')",
        [digest],
    )[0]
    version = _prompt(report).versions[2]
    latency, price = version.metric("latency"), version.metric("cost")
    assert latency
    assert price
    assert latency.p50 == pytest.approx(p50)
    assert price.mean == pytest.approx(cost)
    assert version.cost == pytest.approx(total)


def test_versions_are_compared_by_the_cost_of_a_call(report: Report) -> None:
    """What all calls of a version cost together, 400 times as much, decides nothing."""
    pairs = [m for c in _prompt(report).comparisons for m in c.metrics if m.metric == "cost"]
    assert pairs
    for pair in pairs:
        assert pair.base == pytest.approx(0.004, rel=0.02)
        assert pair.head == pytest.approx(0.004, rel=0.02)


def test_versions_are_collected_in_semver_order(tmp_path: Path) -> None:
    """1.10.0 stands above 1.9.0, whatever order the tags have as texts."""
    with Registry(build_registry(tmp_path / "registry", Shape(1, 12))) as registry:
        (prompt,) = collect(registry).prompts
    assert [v.version for v in prompt.versions] == [f"1.{number}.0" for number in range(12)]


def test_the_slow_version_alerts_and_no_other(report: Report) -> None:
    """The version that got slow is a regression; versions without a change are none."""
    regressions = [a for a in report.alerts if a.comparison.verdict == "regression"]
    # Both the mean and the p95 are watched, as by the gate.
    assert {(a.base, a.head, a.comparison.metric) for a in regressions} == {
        ("1.2.0", "1.3.0", "latency"),
        ("1.2.0", "1.3.0", "latency.p95"),
    }
    assert regressions[0].current
    assert regressions[0].comparison.low is not None
    assert regressions[0].comparison.low > 0.3


def test_nobody_need_look_at_what_is_withdrawn(registry: Registry, tmp_path: Path) -> None:
    """What is worse about a yanked version that nothing serves is past."""
    copy = Repo(tmp_path / "copy", environment=IDENTITY)
    shutil.copytree(registry.root, copy.path)
    copy.write("prompts/yanked.yaml", 'summarizer@1.3.0: {reason: "Slow."}\n')
    copy.commit("yank")
    with Registry(copy.path) as opened:
        alerts = collect(opened).alerts
    found = [alert for alert in alerts if alert.head == "1.3.0"]
    assert {alert.comparison.metric for alert in found} >= {"latency", "latency.p95"}
    assert not any(alert.current for alert in found)


def test_live_label_tells_since_when_and_how_it_does(report: Report) -> None:
    """The label names its version, the one before, the newer release and a verdict in words."""
    (row,) = report.overview.labels
    assert (row.label, row.version, row.previous) == ("production", "1.2.0", "1.1.0")
    assert row.newer == ("1.3.0",)
    assert row.author == "Ada Example"
    assert "1.1.0" in row.verdict
    assert ("summarizer", "1.3.0") in report.overview.unpromoted


def test_models_have_badges_only_where_significant(report: Report) -> None:
    """The model that is twice as fast is the fastest; equal prices make none the cheapest."""
    models = {m.model: m for m in _prompt(report).versions[1].models}
    assert models["gpt-4o-mini"].badges == ("fastest",)
    assert models["gpt-4o"].badges == ()


def test_the_json_follows_its_schema(report: Report) -> None:
    """The JSON validates, and the schema in the documentation is the one of the code."""
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(as_json(report), schema)
    documented = Path(__file__).parents[2] / "docs" / "report.schema.json"
    assert json.loads(documented.read_text()) == schema, "python -m promptreg.report.schema > it"


def test_the_same_input_gives_the_same_file(report: Report, registry: Registry) -> None:
    """Collected and rendered twice, not a byte differs."""
    once = "".join(render(report).parts())
    assert once == "".join(render(collect(registry)).parts())


def test_options_choose(registry: Registry) -> None:
    """Prompts and times can be chosen; a pattern that names nothing is an error."""
    chosen = collect(registry, Options(prompts=("support/*",)))
    assert [p.name for p in chosen.prompts] == ["support/triage"]
    late = collect(registry, Options(since=datetime(2026, 10, 30, tzinfo=UTC)))
    assert [v.calls for v in _prompt(late).versions] == [0, 0, 0, 400]
    with pytest.raises(ConfigError, match="no prompt matches"):
        collect(registry, Options(prompts=("nothing*",)))


def test_a_rollback_keeps_both_versions_apart(repo: Repo) -> None:
    """Two versions of equal content share a digest; their rows go by the version they name."""
    repo.write(FILE, prompt_text(SYSTEMS[0]))
    repo.bump_and_commit()
    repo.ok("release")
    original = repo.read(FILE)
    _edit(repo, SYSTEMS[0], SYSTEMS[1])
    repo.bump_and_commit()
    repo.ok("release")
    repo.write(FILE, original.replace("version: 1.0.0", "version: 1.2.0"))
    repo.bump_and_commit()
    repo.ok("release")
    with Registry(repo.path) as registry:
        for version, calls in (("1.0.0", 3), ("1.1.0", 5), ("1.2.0", 7)):
            for _ in range(calls - 1):
                registry.log_metrics("summarizer", version, latency_ms=10.0)
            registry.metrics.log(prompt="summarizer", version=version, latency_ms=10.0)
        found = _prompt(collect(registry))
    assert [(v.version, v.calls) for v in found.versions] == [
        ("1.0.0", 3),
        ("1.1.0", 5),
        ("1.2.0", 7),
    ]


def test_an_empty_repository_gives_an_empty_report(repo: Repo) -> None:
    """No commit, no prompt, no metrics: still a page."""
    with Registry(repo.path) as registry:
        report = collect(registry)
    assert report.prompts == ()
    assert "promptreg new NAME" in "".join(render(report).parts())


def test_the_examples_for_jq_work(report: Report, tmp_path: Path) -> None:
    """Each line of the documentation answers from a real report."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    (tmp_path / "report.json").write_text(json.dumps(as_json(report)))
    answers = [
        subprocess.run(["sh", "-c", line], check=False, cwd=tmp_path, stdout=subprocess.PIPE)
        for line in text.splitlines()
        if line.startswith("jq ")
    ]
    assert [answer.returncode for answer in answers] == [0, 0, 0, 1]
    live, alerts, costs, fine = (answer.stdout.decode().splitlines() for answer in answers)
    assert live[0].startswith("production\tsummarizer\t1.2.0\t")
    assert "critical: summarizer 1.2.0 -> 1.3.0, latency" in alerts
    assert len(costs) == 4
    assert fine == ["false"]


@pytest.mark.parametrize(
    ("url", "file", "edit"),
    [
        (
            "git@github.com:acme/prompts.git",
            "https://github.com/acme/prompts/blob/c0ffee/a/b%20c.yml",
            "https://github.com/acme/prompts/edit/fix/x/a/b%20c.yml",
        ),
        (
            "https://user:token@gitlab.example.com:8443/a/b/c.git",
            "https://gitlab.example.com:8443/a/b/c/-/blob/c0ffee/a/b%20c.yml",
            "https://gitlab.example.com:8443/a/b/c/-/edit/fix/x/a/b%20c.yml",
        ),
        (
            "ssh://git@altssh.bitbucket.org:443/acme/prompts.git",
            "https://bitbucket.org/acme/prompts/src/c0ffee/a/b%20c.yml",
            "https://bitbucket.org/acme/prompts/src/fix/x/a/b%20c.yml?mode=edit",
        ),
        (
            "https://user:p@ss@github.com/acme/prompts",
            "https://github.com/acme/prompts/blob/c0ffee/a/b%20c.yml",
            "https://github.com/acme/prompts/edit/fix/x/a/b%20c.yml",
        ),
        (
            "http://gitea.local:3000/acme/prompts",
            "http://gitea.local:3000/acme/prompts/src/commit/c0ffee/a/b%20c.yml",
            "http://gitea.local:3000/acme/prompts/_edit/fix/x/a/b%20c.yml",
        ),
        (
            "git@GitHub.com-work:acme/prompts.git/",
            "https://github.com/acme/prompts/blob/c0ffee/a/b%20c.yml",
            "https://github.com/acme/prompts/edit/fix/x/a/b%20c.yml",
        ),
        *(
            (
                url,
                f"{address}/browse/a/b%20c.yml?at=c0ffee",
                f"{address}/browse/a/b%20c.yml?at=refs%2Fheads%2Ffix%2Fx",
            )
            for url, address in (
                (
                    "https://git.acme.com:7990/bitbucket/scm/team/p.git",
                    "https://git.acme.com:7990/bitbucket/projects/TEAM/repos/p",
                ),
                (
                    "ssh://git@bitbucket.acme.com:7999/~ada/p.git",
                    "https://bitbucket.acme.com/users/ada/repos/p",
                ),
            )
        ),
        *(
            (
                url,
                f"{address}?path=/a/b%20c.yml&version=GCc0ffee",
                f"{address}?path=/a/b%20c.yml&version=GBfix%2Fx",
            )
            for url, address in (
                (
                    "https://acme@dev.azure.com/acme/My%20Team/_git/p",
                    "https://dev.azure.com/acme/My%20Team/_git/p",
                ),
                (
                    "git@ssh.dev.azure.com:v3/acme/My%20Team/p",
                    "https://dev.azure.com/acme/My%20Team/_git/p",
                ),
                (
                    "https://acme.visualstudio.com/team/_git/p",
                    "https://acme.visualstudio.com/team/_git/p",
                ),
                (
                    "https://tfs.acme.com/tfs/All/team/_git/p",
                    "https://tfs.acme.com/tfs/All/team/_git/p",
                ),
            )
        ),
        ("ssh://git@git.example:2222/team/p", "", ""),
        ("https://scm.acme.com/scm/repo/team/p", "", ""),
        ("https://dev.azure.com/acme/team", "", ""),
    ],
)
def test_files_have_their_pages_at_the_remotes_host(url: str, file: str, edit: str) -> None:
    """Each kind of host has its own addresses, without credentials; an unknown one has none."""
    origin = parse_remote(url)
    assert origin
    assert origin.name in {
        *("acme/prompts", "a/b/c", "team/p", "~ada/p", "acme/My Team/p", "tfs/All/team/p"),
        *("scm/repo/team/p", "acme/team"),
    }
    assert origin.file_url("a/b c.yml", "c0ffee") == file
    assert origin.edit_url("a/b c.yml", "fix/x") == edit
    assert origin.edit_url("a/b c.yml", "") == origin.file_url("", "c0ffee") == ""


def test_a_host_is_what_the_configuration_says(repo: Repo) -> None:
    """Where a host's name does not say what it is, `[hosts]` does."""
    repo.write(FILE, prompt_text())
    repo.commit()
    repo.git("remote", "add", "origin", "git@git.acme.com:team/p.git")
    with Registry(repo.path) as registry:
        assert origin_of(registry).file_url(FILE, "c0ffee") == ""
    for kind, address in (
        ("gitlab", f"https://git.acme.com/team/p/-/blob/c0ffee/{FILE}"),
        ("bitbucket", f"https://git.acme.com/projects/TEAM/repos/p/browse/{FILE}?at=c0ffee"),
    ):
        repo.write("promptreg.toml", f'[hosts]\n"git.acme.com" = "{kind}"\n')
        with Registry(repo.path) as registry:
            assert origin_of(registry).file_url(FILE, "c0ffee") == address


def test_a_host_with_a_port_is_told_apart_from_its_name() -> None:
    """A port is matched by itself, also one that an address need not say; a name has the rest."""
    hosts = {
        "git.acme.com": "bitbucket",
        "git.acme.com:8443": "gitlab",
        "git.acme.com:2222": "github",
        "git.acme.com:22": "gitea",
        "[2001:db8::1]": "forgejo",
    }
    for url, address in (
        ("https://git.acme.com:8443/team/p.git", "https://git.acme.com:8443/team/p/-/blob/"),
        ("ssh://git@git.acme.com:2222/team/p.git", "https://git.acme.com/team/p/blob/"),
        ("git@git.acme.com:team/p.git", "https://git.acme.com/team/p/src/commit/"),
        ("https://git.acme.com/scm/team/p.git", "https://git.acme.com/projects/TEAM/"),
        ("ssh://git@git.acme.com:7999/team/p.git", "https://git.acme.com/projects/TEAM/"),
        ("https://[2001:DB8::1]:3000/team/p.git", "https://[2001:db8::1]:3000/team/p/src/commit/"),
    ):
        origin = parse_remote(url, hosts)
        assert origin
        assert origin.file_url("a.yml", "c0ffee").startswith(address)


@pytest.mark.parametrize("url", ["", "/srv/git/p.git", "file:///srv/p.git", "../p"])
def test_a_folder_is_no_remote_name(url: str) -> None:
    """A folder on this disk must not be named in a report."""
    assert parse_remote(url) is None


def test_a_renamed_prompt_keeps_its_versions_and_rows(repo: Repo) -> None:
    """Versions and calls under the former name belong to the prompt's present name."""
    repo.write(FILE, prompt_text(SYSTEMS[0]))
    repo.bump_and_commit()
    repo.ok("release")
    with Registry(repo.path) as registry:
        registry.log_metrics("summarizer", "1.0.0", latency_ms=10.0)
        registry.metrics.log(prompt="summarizer", version="1.0.0", latency_ms=20.0)
    repo.ok("rename", "summarizer", "news/summary")
    repo.commit("rename")
    with Registry(repo.path) as registry:
        report = collect(registry)
    (prompt,) = report.prompts
    assert prompt.name == "news/summary"
    assert prompt.formerly == ("summarizer",)
    assert [v.calls for v in prompt.versions] == [2]
    assert not prompt.deleted


def test_a_former_name_that_is_used_again_keeps_its_own_rows(repo: Repo) -> None:
    """Calls of versions from before the rename belong to the present name, later ones do not."""
    repo.write(FILE, prompt_text(SYSTEMS[0]))
    repo.bump_and_commit()
    repo.ok("release")
    with Registry(repo.path) as registry:
        registry.log_metrics("summarizer", "1.0.0", latency_ms=10.0)
        registry.metrics.log(prompt="summarizer", version="1.0.0", latency_ms=20.0)
    repo.ok("rename", "summarizer", "news/summary")
    repo.commit("rename")
    repo.write(FILE, prompt_text("Quite another."))
    repo.bump_and_commit()
    repo.ok("release")
    with Registry(repo.path) as registry:
        version = str(registry.latest("summarizer"))
        registry.log_metrics("summarizer", version, latency_ms=30.0)
        report = collect(registry)
    calls = {p.name: {v.version: v.calls for v in p.versions if v.calls} for p in report.prompts}
    assert calls == {"news/summary": {"1.0.0": 2}, "summarizer": {version: 1}}
    (figure,) = [f for f in report.overview.figures if f.name == "calls"]
    assert figure.value == 3
    assert report.notes == ()


def test_rows_of_restored_content_go_by_version_under_a_former_name_too(repo: Repo) -> None:
    """Two versions with one content keep their own calls after a rename."""
    for text in (SYSTEMS[0], SYSTEMS[1]):
        repo.write(FILE, prompt_text(text))
        repo.bump_and_commit()
    repo.ok("release")
    repo.ok("rollback", "summarizer", "1.0.0")
    repo.bump_and_commit("rollback")
    repo.ok("release")
    with Registry(repo.path) as registry:
        versions = [str(release.version) for release in registry.releases("summarizer")]
        for count, version in enumerate((versions[0], versions[-1]), 1):
            for _ in range(count):
                registry.log_metrics("summarizer", version, latency_ms=10.0)
    repo.ok("rename", "summarizer", "news/summary")
    repo.commit("rename")
    with Registry(repo.path) as registry:
        (prompt,) = collect(registry).prompts
    counted = {v.version: v.calls for v in prompt.versions if v.calls}
    assert counted == {versions[0]: 1, versions[-1]: 2}


def test_a_yanked_version_says_why(repo: Repo) -> None:
    """A version that was withdrawn carries the reason."""
    repo.write(FILE, prompt_text(SYSTEMS[0]))
    repo.bump_and_commit()
    repo.ok("release")
    repo.write("prompts/yanked.yaml", 'summarizer@1.0.0: {reason: "Invents quotes."}\n')
    repo.commit("yank")
    with Registry(repo.path) as registry:
        (prompt,) = collect(registry).prompts
    assert prompt.versions[0].yanked == "Invents quotes."


def test_seldom_and_long_courses_go_by_week(tmp_path: Path) -> None:
    """A point of the course has a few calls to go by, and a year has few enough points."""
    asked = {"daily": (60, 6), "seldom": (60, 1), "soon": (20, 1), "long": (130, 6)}
    metrics = Metrics(tmp_path / "store")
    metrics.log_many(
        {
            "prompt": prompt,
            "version": "1.0.0",
            "digest": "d" * 64,
            "ts": (START + timedelta(days=day, minutes=number)).isoformat(" "),
            "latency_ms": 5.0,
        }
        for prompt, (days, calls) in asked.items()
        for day in range(days + 1)
        for number in range(calls)
    )
    found = measure(metrics, Scope(tuple(asked)))
    buckets = {prompt: found[prompt]["d" * 64].bucket for prompt in asked}
    assert buckets == {"daily": "day", "seldom": "week", "soon": "day", "long": "week"}
    assert len(found["seldom"]["d" * 64].points) == 10
    metrics.close()
