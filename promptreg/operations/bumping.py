"""Bumping files of the work tree: which ones, what with, and writing them safely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError, Location, NotFoundError, PromptError
from promptreg.git.model import blob_ids
from promptreg.history.claims import collect_claims, file_claim
from promptreg.naming import NAME, is_fragment
from promptreg.operations.addable import require_addable
from promptreg.operations.bump import BumpOptions, BumpPlan, plan_bump
from promptreg.operations.planning import WriteFile, carry_out
from promptreg.prompt.content import Content, content_of, read_content
from promptreg.prompt.yamldoc import load
from promptreg.values import dataclass, field, replace
from promptreg.versioning import CHANNELS, Level, Version

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.sources import Source

__all__ = ["BumpRequest", "BumpResult", "bump_each", "bump_files", "plan_bumps"]


@dataclass(frozen=True, slots=True)
class BumpRequest:
    """What a person asks of a bump of files.

    Attributes:
        options: What is asked of each file.
        base: A revision whose files count as taken.
        every: Also prompts without a version yet.
    """

    options: BumpOptions = field(default_factory=BumpOptions)
    base: str | None = None
    every: bool = False

    @classmethod
    def parse(
        cls,
        *,
        level: str | None = None,
        version: str | None = None,
        pre: str | None = None,
        base: str | None = None,
        hotfix: bool = False,
        every: bool = False,
    ) -> BumpRequest:
        """Read the options as they are written on the command line.

        Raises:
            ConfigError: An option is wrong or two contradict each other.
            PromptError: The version or level cannot be read.
        """
        channel = next((c for c in CHANNELS if c == pre), None)
        if pre is not None and channel is None:
            raise ConfigError(f"--pre {pre} is none of {', '.join(CHANNELS)}")
        if sum(map(bool, (version, level or pre, hotfix))) > 1:
            raise ConfigError("--version, --hotfix and --level or --pre exclude each other")
        options = BumpOptions(
            level=Level.from_name(level) if level else Level.NONE,
            version=Version.parse(version, strict=True) if version else None,
            pre=channel,
            hotfix=hotfix,
        )
        return cls(options, base, every)


@dataclass(frozen=True, slots=True)
class BumpResult:
    """What becomes of one file.

    Attributes:
        name: The prompt.
        path: Its file.
        before: The version it stated.
        plan: The version and digest it gets, and why.
        step: What writes them; None where the file states them already.
    """

    name: str
    path: str
    before: Version | None
    plan: BumpPlan
    step: WriteFile | None

    @property
    def wrote(self) -> bool:
        """Whether the file changes."""
        return self.step is not None

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {
            "prompt": self.name,
            "path": self.path,
            "before": str(self.before) if self.before else None,
            "version": str(self.plan.version),
            "digest": self.plan.digest,
            "level": self.plan.level.label,
            "reason": self.plan.reason,
            "changes": [
                {"rule": c.rule, "level": c.level.label, "detail": c.detail}
                for c in self.plan.changes
            ],
            "wrote": self.wrote,
        }


def bump_files(
    registry: Registry,
    paths: Iterable[str] | None,
    request: BumpRequest,
    *,
    dry_run: bool = False,
) -> list[BumpResult]:
    """Bump prompt files of the work tree.

    Args:
        registry: The registry.
        paths: Files in the repository, prompts and fragments; None for all prompts.
        request: What is asked.
        dry_run: Write nothing.

    Raises:
        PromptError: A file is not valid; files before it are written already.
        NotFoundError: A file does not exist.
        ConfigError: The base is not a commit, or the history of a file's version is missing.
        RepositoryError: A prompt that needs a bump is left out of a sparse checkout; all that are
            checked out are written already.
    """
    return list(bump_each(registry, paths, request, dry_run=dry_run))


def bump_each(
    registry: Registry,
    paths: Iterable[str] | None,
    request: BumpRequest,
    *,
    dry_run: bool = False,
) -> Iterator[BumpResult]:
    """Bump prompt files as `bump_files` does, and yield each when it is written.

    So a person can be told what was done before a file that is refused.
    """
    for result in plan_bumps(registry, paths, request):
        if result.step is not None and not dry_run:
            carry_out(registry.repository, (result.step,))
        yield result


def plan_bumps(
    registry: Registry,
    paths: Iterable[str] | None,
    request: BumpRequest,
    source: Source | None = None,
) -> Iterator[BumpResult]:
    """Plan the bump of prompt files, one after the other, as `bump_files` does it.

    Args:
        registry: The registry.
        paths: Files in the repository, prompts and fragments; None for all prompts.
        request: What is asked.
        source: The files, where not all is on the disk yet; the work tree by default.
    """
    files = registry.worktree if source is None else source
    base = _base(registry, request.base)
    options = replace(request.options, levels=registry.config.levels)
    if paths is None:
        chosen = _everything(registry, files, request)
    else:
        chosen = _named(registry, files, paths)
    for path in chosen:
        name = registry.config.layout.name_of(path)
        assert name is not None
        _require_only(registry, files, path)
        content, was_conflicted = _read(registry, files, path)
        _require_resolved(registry, content)
        claims = collect_claims(registry.tags, name, path, base=base)
        plan = plan_bump(content, claims, options, floor=_floor(registry, content, base))
        wrote = was_conflicted or not plan.is_stated_by(content)
        if wrote:
            require_addable(registry.repository, [path], f"needs {plan.version}")
        step = _step(registry, content, plan) if wrote else None
        yield BumpResult(name, path, content.prompt.version, plan, step)


def _require_only(registry: Registry, source: Source, path: str) -> None:
    """Refuse a second file of one name: two contents would take one version."""
    layout = registry.config.layout
    name = layout.name_of(path) or ""
    other = next(
        (c for c in layout.candidates(name) if c != path and source.read(c) is not None), None
    )
    if other is not None:
        raise PromptError(
            f"{other} has the name {name} too",
            location=Location(path),
            rule="duplicate-name",
            fix="remove or rename one of them",
        )


def _require_resolved(registry: Registry, content: Content) -> None:
    """Refuse a fragment with a conflict, which a bump would make part of the version."""
    if not any("<<<<<<<" in text for text in content.includes.values()):
        return
    from promptreg.operations.linting import conflicts_in_fragments

    for found in conflicts_in_fragments(content, registry.config.layout):
        raise PromptError(found.message, location=found.location, rule=found.rule, fix=found.fix)


def _read(registry: Registry, source: Source, path: str) -> tuple[Content, bool]:
    """Return a prompt, without the conflict of its version and digest lines, if it had one."""
    layout = registry.config.layout
    data = source.read(path) or b""
    if b"<<<<<<<" in data:
        from promptreg.operations.conflicting import resolve_file

        resolved = resolve_file(registry, path, data)
        if resolved is not None:
            return content_of(resolved, path, source, layout), True
    return read_content(source, layout, path), False


def _step(registry: Registry, content: Content, plan: BumpPlan) -> WriteFile:
    from promptreg.prompt.splice import set_version_and_digest

    path = content.prompt.path
    data = set_version_and_digest(content.data, path, version=str(plan.version), digest=plan.digest)
    return WriteFile(path, registry.worktree.read(path), data, f"{plan.version} ({plan.reason})")


def _base(registry: Registry, revision: str | None) -> str | None:
    if revision is None:
        return None
    commit = registry.repository.resolve_commit(revision)
    if commit is None:
        from promptreg.history.missing import explain_missing

        missing = explain_missing(registry.repository, revision)
        raise ConfigError(f"--base {revision} {missing.why}", fix=missing.fix)
    return commit


def _floor(registry: Registry, content: Content, base: str | None) -> Version | None:
    """Return the base's version where the file's own fell below it, tagged or not."""
    own, prompt = content.prompt.version, content.prompt
    if base is None or own is None:
        return None
    claim = file_claim(registry.tags, prompt.name, prompt.path, base, "the base")
    return claim.version if claim is not None and claim.version > own else None


def _everything(registry: Registry, source: Source, request: BumpRequest) -> list[str]:
    """Return all prompts, or without --all only those that are adopted."""
    layout = registry.config.layout
    found = []
    for path in source.paths(layout.root):
        name = layout.name_of(path)
        if name is None or not _is_name(name, path):
            continue
        if request.every or _is_adopted(registry, source, name, path):
            found.append(path)
    if registry.repository.left_out:
        # What is not checked out changes by a fragment that is, or not at all.
        changed = _changed_fragments(registry, source)
        found += [path for path in _dependents(registry, source, changed) if path not in found]
    return found


def _changed_fragments(registry: Registry, source: Source) -> set[str]:
    """Return the fragments of the work tree that are not as HEAD has them."""
    repository, layout = registry.repository, registry.config.layout
    head = repository.head.oid
    committed = repository.files_at(head, layout.root) if head else {}
    found = set()
    for path in source.paths(layout.root):
        relative = layout.relative(path)
        if relative is None or not is_fragment(path):
            continue
        if committed.get(path) not in blob_ids(source.read(path) or b""):
            found.add(relative)
    return found


def _is_adopted(registry: Registry, source: Source, name: str, path: str) -> bool:
    """Tell whether a prompt has a version: in its file or, where that lost its lines, in a tag."""
    data = source.read(path) or b""
    # Most files need no parse: a text that merely speaks of versions is the exception.
    if b"version" in data or b"digest" in data:
        try:
            value = load(data, path).value
        except PromptError:
            return True  # the bump itself says what is wrong with it
        if value.get("version") is not None or value.get("digest") is not None:
            return True
    return bool(registry.tags.versions(name))


def _named(registry: Registry, source: Source, paths: Iterable[str]) -> list[str]:
    """Return the prompts among paths, and those that include a fragment among them."""
    layout = registry.config.layout
    prompts: dict[str, None] = {}
    fragments: set[str] = set()
    for path in paths:
        name = layout.name_of(path)
        relative = layout.relative(path)
        if name is not None and _is_name(name, path):
            if source.read(path) is None:
                raise NotFoundError(f"no file {path}")
            prompts[path] = None
        elif relative is not None and is_fragment(path):
            fragments.add(relative)
    if fragments:
        prompts.update(dict.fromkeys(_dependents(registry, source, fragments)))
    return list(prompts)


def _is_name(name: str, path: str) -> bool:
    if NAME.fullmatch(name):
        return True
    raise PromptError(
        f"{name!r} is not a prompt name",
        location=Location(path),
        rule="invalid-name",
        fix="rename the file: lower case with digits, - and _, folders separated by /",
    )


def _dependents(registry: Registry, source: Source, fragments: set[str]) -> list[str]:
    """Return the adopted prompts that include one of these fragments, transitively.

    Those that a sparse checkout leaves out come last: the others are bumped before they refuse.
    """
    found = []
    present = registry.paths(source)
    left_out = registry.named(registry.repository.left_out)
    for name, path in (present | {n: p for n, p in left_out.items() if n not in present}).items():
        data = source.read(path) or b""
        # What nobody adopted is none of their business who change a fragment, least when broken.
        if b"include" not in data or not _is_adopted(registry, source, name, path):
            continue
        if read_content(source, registry.config.layout, path).includes.keys() & fragments:
            found.append(path)
    return found
