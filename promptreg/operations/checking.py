"""`check`: find what a branch changed, and prove that it is fit to merge."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, Location, NotFoundError, PromptError
from promptreg.findings import Finding, finding_of
from promptreg.formats.report import ChangedPrompt, CheckReport
from promptreg.history.branches import release_ref
from promptreg.history.claims import collect_claims
from promptreg.history.labels import label_of_path, lint_label, parse_label
from promptreg.history.yanked import Yanks, lint_yanked, parse_yanked, yanked_path
from promptreg.naming import NAME, is_fragment
from promptreg.operations.clashing import find_clashes
from promptreg.operations.policy import judge_content, judge_digest
from promptreg.prompt.content import Content, content_of, read_content
from promptreg.prompt.github import inspect_for_github
from promptreg.prompt.parsing import lint_prompt
from promptreg.render import inspect_templates
from promptreg.render.testdata import inspect_test_data
from promptreg.sources import CommitSource, Source
from promptreg.values import dataclass, replace
from promptreg.versioning import Level

if TYPE_CHECKING:
    from promptreg.changes import Change
    from promptreg.registry import Registry

__all__ = [
    "Base",
    "CheckResult",
    "CheckedPrompt",
    "check_branch",
    "check_files",
    "find_base",
    "report_of",
    "with_gate",
]

# The branch that a pull request goes to, as each CI says it.
_CI_TARGETS = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCHNAME",
    "CHANGE_TARGET",
)


@dataclass(frozen=True, slots=True)
class Base:
    """What a branch is compared with.

    Attributes:
        name: As it was chosen, such as ``origin/main``.
        commit: The commit whose files count as the base's.
        source: Who chose it: ``--base``, ``CI``, ``origin/HEAD`` or ``release branch``.
        tip: Where the base's branch is now, whose versions are taken too; None where that is
            `commit` itself.
    """

    name: str
    commit: str
    source: str
    tip: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedPrompt:
    """One prompt that a branch changed; base or head is None where it is new or gone."""

    name: str
    path: str
    base: Content | None
    head: Content | None
    changes: tuple[Change, ...] = ()
    level: Level = Level.NONE


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All that a check has to say.

    Attributes:
        base: What was compared with; None when files were checked alone.
        prompts: The prompts that the branch changed.
        findings: Everything found, by file and line.
        files: How many files were checked alone.
    """

    base: Base | None
    prompts: tuple[CheckedPrompt, ...]
    findings: tuple[Finding, ...]
    files: int = 0

    @property
    def failed(self) -> bool:
        """Whether an error is among the findings."""
        return any(finding.severity == "error" for finding in self.findings)


def find_base(
    registry: Registry, revision: str | None, environment: Mapping[str, str] = os.environ
) -> Base:
    """Find the commit a branch is compared with.

    That is HEAD's first parent if it is the base's tip (as in CI's merge commit), else the merge
    base: ancestry is wrong in shallow clones, but the first parent can be trusted.

    Args:
        registry: The registry.
        revision: What was asked for; None chooses the CI's target or the default branch.
        environment: Where CI says its target.

    Raises:
        HistoryError: The base or the common history was not fetched.
    """
    repository = registry.repository
    name, source = _chosen(registry, revision, environment)
    tip = repository.resolve_commit(name)
    branch = name.removeprefix("origin/")
    if tip is None:
        raise HistoryError(
            f"base {name} was not fetched", fix=f"git fetch --depth=2 origin {branch}"
        )
    head = repository.head.oid
    if head is None:
        raise HistoryError("nothing is committed yet", fix="git commit")
    parents = repository.commit(head).parents
    if tip in parents:
        # CI's merge commit has the base first; a branch that merged the base has it second.
        return Base(name, tip, source)
    if len(parents) > 1 and repository.is_shallow and source == "CI":
        # The base moved on since CI made its merge commit.
        return Base(name, parents[0], source)
    merge_base = repository.merge_base(tip, head)
    if merge_base is None:
        raise HistoryError(
            f"{name} and HEAD have no common commit here",
            fix=f"git fetch --unshallow origin {branch}"
            if repository.is_shallow
            else "merge the base into the branch",
        )
    return Base(name, merge_base, source, tip if tip != merge_base else None)


def _chosen(
    registry: Registry, revision: str | None, environment: Mapping[str, str]
) -> tuple[str, str]:
    if revision is not None:
        return revision, "--base"
    for variable in _CI_TARGETS:
        if target := environment.get(variable):
            return f"origin/{target.removeprefix('refs/heads/')}", "CI"
    repository = registry.repository
    ref = release_ref(repository, registry.config.release_branches)
    if ref is None:
        raise HistoryError("no base branch is known", fix="promptreg check --base REF")
    short = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    default = repository.refs.symbolic("refs/remotes/origin/HEAD") == ref
    return short, "origin/HEAD" if default else "release branch"


def check_files(registry: Registry, paths: Iterable[str], *, strict: bool = False) -> CheckResult:
    """Check files of the work tree alone, without a base.

    Args:
        registry: The registry.
        paths: Files in the repository.
        strict: Let warnings count as errors.

    Raises:
        NotFoundError: A file does not exist.
    """
    found: list[Finding] = []
    chosen = list(paths)
    for path in chosen:
        data = registry.worktree.read(path)
        if data is None:
            raise NotFoundError(f"no file {path}")
        if label_of_path(registry.config.root, path) is not None:
            found += lint_label(data, path)
        elif path == yanked_path(registry.config.root):
            found += lint_yanked(data, None, path)
        elif registry.config.layout.is_prompt(path):
            content, findings = _lint(registry, registry.worktree, path, data)
            found += findings
            if content is not None and (note := inspect_for_github(content.prompt, data)):
                found.append(note)
            if content is not None and (content.prompt.version or content.prompt.digest):
                found += [_with_command(finding) for finding in judge_digest(content)]
    found += find_clashes(
        registry.config.layout, chosen, registry.worktree.paths(registry.config.root)
    )
    return CheckResult(None, (), _sorted(found, strict=strict), len(chosen))


def _with_command(finding: Finding) -> Finding:
    return replace(finding, fix=f"promptreg bump {finding.location.path}")


def check_branch(registry: Registry, base: Base, *, strict: bool = False) -> CheckResult:
    """Check every prompt that HEAD changes against a base.

    Args:
        registry: The registry.
        base: What to compare with; see `find_base`.
        strict: Let warnings count as errors.

    Raises:
        HistoryError: A version's content was not fetched.
    """
    return _BranchCheck(registry, base).run(strict=strict)


class _BranchCheck:
    """The check of one branch: reads both sides, lints the head, judges the versions."""

    def __init__(self, registry: Registry, base: Base) -> None:
        self.registry = registry
        self.base = base
        self.layout = registry.config.layout
        head = registry.repository.head.oid
        assert head is not None
        self.head_commit = head
        self.before = CommitSource(registry.repository, base.commit)
        self.after = CommitSource(registry.repository, head)
        self.findings: list[Finding] = []
        self.prompts: list[CheckedPrompt] = []

    def run(self, *, strict: bool) -> CheckResult:
        repository = self.registry.repository
        changes = repository.changes_between(self.base.commit, self.head_commit, self.layout.root)
        changed = {change.path for change in changes}
        gone = {change.path for change in changes if change.new is None}
        fragments = {self.layout.relative(path) for path in changed if is_fragment(path)}
        for path in sorted(changed | self._dependents(fragments)):
            if label_of_path(self.layout.root, path) is not None:
                self._label(path, gone=path in gone)
            elif path == yanked_path(self.layout.root):
                data = self.after.read(path) or b""
                self.findings += lint_yanked(data, self.before.read(path), path)
            elif self.layout.is_prompt(path):
                self._prompt(path, gone=path in gone)
        if added := {change.path for change in changes if change.old is None}:
            paths = self.after.paths(self.layout.root)
            self.findings += find_clashes(self.layout, added, paths)
        return CheckResult(self.base, tuple(self.prompts), _sorted(self.findings, strict=strict))

    def _dependents(self, fragments: set[str | None]) -> set[str]:
        """Return the prompts that include a changed fragment, on either side."""
        if not fragments:
            return set()
        found = set()
        for path in self.after.paths(self.layout.root):
            data = self.after.read(path) if self.layout.is_prompt(path) else None
            if data is None or b"include" not in data:
                continue
            try:
                content = content_of(data, path, self.after, self.layout)
            except PromptError:
                found.add(path)  # perhaps the very fragment is missing now
                continue
            if content.includes.keys() & fragments:
                found.add(path)
        return found

    def _prompt(self, path: str, *, gone: bool) -> None:
        name = self.layout.name_of(path) or path
        base = self._base_content(name, path)
        if gone:
            if not any(self.after.read(other) for other in self.layout.candidates(name)):
                self.prompts.append(CheckedPrompt(name, path, base, None))
            return
        data = self.after.read(path)
        assert data is not None
        content, findings = _lint(self.registry, self.after, path, data)
        self.findings += findings
        if content is None:
            self.prompts.append(CheckedPrompt(name, path, base, None))
            return
        if self._is_unversioned(content, base):
            return
        claims = collect_claims(
            self.registry.tags,
            name,
            path,
            base=self.base.commit,
            tip=self.base.tip,
            with_head=False,
        )
        self._require_tags(name, base)
        judged = judge_content(content, base, claims, base_name=self.base.name)
        self.findings += judged.findings
        self.prompts.append(CheckedPrompt(name, path, base, content, judged.changes, judged.level))

    def _is_unversioned(self, content: Content, base: Content | None) -> bool:
        """Tell whether a fragment's change reached a prompt that nobody adopted yet."""
        same = base is not None and base.data == content.data
        return same and content.prompt.version is None

    def _base_content(self, name: str, path: str) -> Content | None:
        names = self.registry.tags.lineage(name)
        former = (candidate for each in names for candidate in self.layout.candidates(each))
        for candidate in (path, *former):
            if self.before.read(candidate) is None:
                continue
            try:
                return read_content(self.before, self.layout, candidate)
            except PromptError:
                return None  # it was broken before; the head is judged by its tags alone
        return None

    def _require_tags(self, name: str, base: Content | None) -> None:
        """Refuse to judge where the tags of a prompt may just not have been fetched.

        A file that the base does not have may have been released and deleted before.
        """
        unadopted = base is not None and base.prompt.version is None
        if unadopted or not self.registry.repository.is_shallow or self.registry.tags.oids(name):
            return
        names = self.registry.tags.lineage(name)
        missing = next((n for n in names if self._on_origin is None or n in self._on_origin), None)
        if missing is not None:
            prefix = self.registry.config.tags[0].prefix(missing)
            raise HistoryError(
                f"the tags of {missing} were not fetched",
                fix=f"git fetch --depth=1 origin 'refs/tags/{prefix}*:refs/tags/{prefix}*'",
            )

    @cached_property
    def _on_origin(self) -> frozenset[str] | None:
        """The prompts that have tags on origin; None when it cannot be asked."""
        from promptreg.git.process import try_git

        git_dir = self.registry.repository.paths.git_dir
        answer = try_git(git_dir, "ls-remote", "--refs", "--tags", "origin")
        if answer.returncode != 0:
            return None
        lines = answer.stdout.decode("utf-8", "replace").splitlines()
        tags = [line.partition("\trefs/tags/")[2] for line in lines]
        parsed = (form.parse(tag) for form in self.registry.config.tags for tag in tags)
        return frozenset(each[0] for each in parsed if each is not None)

    def _label(self, path: str, *, gone: bool) -> None:
        if gone:
            return
        data = self.after.read(path) or b""
        findings = lint_label(data, path)
        self.findings += findings
        if any(finding.rule != "label-order" for finding in findings):
            return
        before = self.before.read(path)
        try:
            known = parse_label(before, path) if before else {}
        except PromptError:
            known = {}
        for name, version in parse_label(data, path).items():
            if known.get(name) == version:
                continue
            if (name, version) in self._yanked:
                self.findings.append(
                    Finding(
                        "label-yanked",
                        "error",
                        f"{name} {version} is yanked: {self._yanked[name, version].reason}",
                        Location(path, _line_of_key(data, name), 1),
                        name,
                        f"choose another of promptreg versions {name}",
                    )
                )
            elif version not in self.registry.tags.oids(name):
                self.findings.append(
                    Finding(
                        "label-untagged",
                        "error",
                        f"{name} {version} has no tag, so no label may name it",
                        Location(path, _line_of_key(data, name), 1),
                        name,
                        "promote it in a second pull request, after the merge released it",
                    )
                )

    @cached_property
    def _yanked(self) -> Yanks:
        path = yanked_path(self.layout.root)
        try:
            return parse_yanked(self.after.read(path), path)
        except PromptError:
            return {}  # lint_yanked reports it


def _line_of_key(data: bytes, name: str) -> int:
    lines = data.decode("utf-8", "replace").splitlines()
    keys = (line.partition(":")[0].strip("'\" ") for line in lines)
    return next((number for number, key in enumerate(keys, 1) if key == name), 1)


def report_of(result: CheckResult) -> CheckReport:
    """Return what a check found in the form that all formats render."""
    base = result.base
    return CheckReport(
        base=base.name if base else "",
        base_commit=base.commit[:7] if base else "",
        base_source=f"from {base.source}" if base else "",
        prompts=tuple(_changed(prompt) for prompt in result.prompts),
        findings=result.findings,
        files=result.files,
    )


def _changed(checked: CheckedPrompt) -> ChangedPrompt:
    base, head = checked.base, checked.head
    lines = [c.location.line for c in checked.changes if c.location.path == checked.path]
    return ChangedPrompt(
        name=checked.name,
        path=checked.path,
        base_version=_stated(base),
        head_version=_stated(head),
        level=checked.level.label,
        changes=tuple(f"{c.level.label} {c.rule}: {c.detail}" for c in checked.changes),
        base_digest=base.digest if base else "",
        head_digest=head.digest if head else "",
        line=next((line for line in lines if line), 1),
    )


def _stated(content: Content | None) -> str | None:
    version = content.prompt.version if content is not None else None
    return str(version) if version is not None else None


def with_gate(
    report: CheckReport, registry: Registry, thresholds: Sequence[str] = ()
) -> CheckReport:
    """Add the gate's verdict on every prompt that the branch changes.

    Args:
        report: What the check found.
        registry: Where the metrics are.
        thresholds: Thresholds that override the configuration, such as ``latency:+50%``.

    Raises:
        ConfigError: A threshold does not follow the grammar.
        MetricsError: The store cannot be read.
    """
    from promptreg.gate import judge

    changes = [p.for_gate() for p in report.prompts if p.head_digest != p.base_digest]
    judged = [change for change in changes if change.head_digest]
    gate = judge(registry.metrics, judged, registry.config, overrides=thresholds)
    return replace(report, gate=gate)


def _lint(
    registry: Registry, source: Source, path: str, data: bytes
) -> tuple[Content | None, list[Finding]]:
    """Parse one file and its templates; the content is None when an error was found."""
    layout = registry.config.layout
    name = layout.name_of(path) or path
    found: list[Finding] = []
    if not NAME.fullmatch(name):
        found.append(
            Finding(
                "invalid-name",
                "error",
                f"{name!r} is not a prompt name",
                Location(path, 1, 1),
                name,
                "rename the file: lower case with digits, - and _, folders separated by /",
            )
        )
    others = [c for c in layout.candidates(name) if c != path and source.read(c) is not None]
    if others:
        message = f"{others[0]} has the name {name} too"
        found.append(Finding("duplicate-name", "error", message, Location(path, 1, 1), name))
    parsed = lint_prompt(data, path, name)
    found += parsed.findings
    if parsed.prompt is None:
        return None, found
    try:
        content = content_of(data, path, source, layout)
    except PromptError as error:
        return None, [*found, finding_of(error, path, prompt=name)]
    found += inspect_templates(parsed.prompt, content.includes.__getitem__)
    if not any(f.severity == "error" for f in found):
        found += inspect_test_data(parsed.prompt, content.includes.__getitem__)
    failed = any(f.severity == "error" for f in found)
    return (None if failed else content), found


def _sorted(found: Iterable[Finding], *, strict: bool) -> tuple[Finding, ...]:
    if strict:
        found = [replace(f, severity="error") if f.severity == "warning" else f for f in found]
    unique = dict.fromkeys(found)
    key = lambda f: (f.location.path, f.location.line, f.location.column, f.rule)  # noqa: E731
    return tuple(sorted(unique, key=key))
