"""`check`: find what a branch changed, and prove that it is fit to merge."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, NotFoundError, PromptError
from promptreg.findings import finding_of
from promptreg.history.claims import collect_claims
from promptreg.history.labels import label_of_path, lint_label, lint_label_name
from promptreg.history.yanked import Yanks, lint_yanked, parse_yanked, yanked_path
from promptreg.naming import is_fragment
from promptreg.operations.clashing import find_clashes, find_refused
from promptreg.operations.forgetting import find_forgotten
from promptreg.operations.label_linting import lint_labels
from promptreg.operations.linting import lint_file
from promptreg.operations.policy import judge_content, judge_digest
from promptreg.prompt.content import Content, content_of, read_content
from promptreg.prompt.github import inspect_for_github
from promptreg.sources import CommitSource
from promptreg.values import dataclass, replace
from promptreg.versioning import Level

if TYPE_CHECKING:
    from promptreg.changes import Change
    from promptreg.findings import Finding
    from promptreg.operations.base import Base
    from promptreg.registry import Registry

__all__ = ["CheckResult", "CheckedPrompt", "check_branch", "check_files"]


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
        try:
            data = registry.worktree.read(path)
        except PromptError as error:
            found.append(finding_of(error, path))
            continue
        if data is None:
            raise NotFoundError(f"no file {path}")
        if label_of_path(registry.config.root, path) is not None:
            found += lint_label_name(path, registry.config.root)
            found += lint_label(data, path)
        elif path == yanked_path(registry.config.root):
            found += lint_yanked(data, None, path)
        elif registry.config.layout.is_prompt(path):
            content, findings = lint_file(registry, registry.worktree, path, data)
            found += findings
            if content is not None and (note := inspect_for_github(content.prompt, data)):
                found.append(note)
            if content is not None and (content.prompt.version or content.prompt.digest):
                found += find_forgotten(registry, content.prompt, _at_head(registry, path))
                found += [_with_command(finding) for finding in judge_digest(content)]
    found += find_clashes(
        registry.config.layout, chosen, registry.worktree.paths(registry.config.root)
    )
    found += find_refused(
        registry.config.layout, chosen, lambda path: _at_head(registry, path) is not None
    )
    return CheckResult(None, (), _sorted(found, strict=strict), len(chosen))


def _at_head(registry: Registry, path: str) -> bytes | None:
    head = registry.repository.head.oid
    return registry.repository.file_at(head, path) if head is not None else None


def _with_command(finding: Finding) -> Finding:
    return replace(finding, fix=f"promptreg bump {finding.location.path}")


def check_branch(registry: Registry, base: Base, *, strict: bool = False) -> CheckResult:
    """Check every prompt that HEAD changes against a base.

    Args:
        registry: The registry.
        base: What to compare with; see `promptreg.operations.base.find_base`.
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
            self.findings += find_refused(self.layout, added, lambda _: False)
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
        content, findings = lint_file(self.registry, self.after, path, data)
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
        if base is not None:
            self.findings += find_forgotten(self.registry, content.prompt, base.data)
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
        if (
            unadopted
            or not self.registry.repository.is_shallow
            or self.registry.tags.versions(name)
        ):
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

        folder = self.registry.repository.paths.remote_folder
        answer = try_git(folder, "ls-remote", "--refs", "--tags", "origin")
        if answer.returncode != 0:
            return None
        lines = answer.stdout.decode("utf-8", "replace").splitlines()
        tags = [line.partition("\trefs/tags/")[2] for line in lines]
        parsed = (form.parse(tag) for form in self.registry.config.tags for tag in tags)
        return frozenset(each[0] for each in parsed if each is not None)

    def _label(self, path: str, *, gone: bool) -> None:
        if not gone:
            data, before = self.after.read(path) or b"", self.before.read(path)
            self.findings += lint_labels(self.registry.tags, data, before, path, self._yanked)

    @cached_property
    def _yanked(self) -> Yanks:
        path = yanked_path(self.layout.root)
        try:
            return parse_yanked(self.after.read(path), path)
        except PromptError:
            return {}  # lint_yanked reports it


def _sorted(found: Iterable[Finding], *, strict: bool) -> tuple[Finding, ...]:
    if strict:
        found = [replace(f, severity="error") if f.severity == "warning" else f for f in found]
    unique = dict.fromkeys(found)
    key = lambda f: (f.location.path, f.location.line, f.location.column, f.rule)  # noqa: E731
    return tuple(sorted(unique, key=key))
