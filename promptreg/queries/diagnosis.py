"""`doctor`: what is wrong with a clone, and how each thing is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError, PromptregError, RepositoryError
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Condition", "Diagnosis", "diagnose"]

_MANY_LOOSE_TAGS = 1000
_BUMP_RULES = frozenset({"digest-mismatch", "version-missing"})


class Condition(StrEnum):
    """How one thing stands."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at.

    Attributes:
        subject: What, in a word or two.
        condition: How it stands.
        message: What was seen.
        fix: How to mend it; empty where nothing is wrong.
    """

    subject: str
    condition: Condition
    message: str
    fix: str = ""


def diagnose(folder: Path) -> Iterator[Diagnosis]:
    """Look at a clone from the ground up; what stands on something broken is left out.

    Args:
        folder: A folder inside the work tree.
    """
    from promptreg.registry import Registry

    yield _program()
    try:
        registry = Registry(folder, fast_start=True)
        top = registry.root
    except ConfigError as error:
        yield _failed("configuration", error)
        return
    except RepositoryError as error:
        yield _failed("repository", error)
        return
    with registry:
        yield Diagnosis("repository", Condition.OK, str(top))
        for subject, look in _LOOKS:
            try:
                yield from look(registry)
            except PromptregError as error:
                yield _failed(subject, error)


def _failed(subject: str, error: PromptregError) -> Diagnosis:
    where = f"{error.location}: " if error.location else ""
    return Diagnosis(subject, Condition.ERROR, f"{where}{error.message}", error.fix or "")


def _program() -> Diagnosis:
    from promptreg.git.process import has_git, run_git

    if not has_git():
        message = "no git on PATH: prompts can be read, everything else needs it"
        return Diagnosis("git", Condition.WARNING, message, "install git")
    return Diagnosis("git", Condition.OK, run_git(Path.cwd(), "--version").decode().strip())


def _configuration(registry: Registry) -> Iterator[Diagnosis]:
    registry.config.require_version()
    files = sorted(set(registry.config.sources.values()))
    text = f"from {', '.join(files)}" if files else "all defaults"
    yield Diagnosis("configuration", Condition.OK, text)


def _hooks(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg import __version__
    from promptreg.operations.hooks import HookState, hook_status, outdated_hooks
    from promptreg.queries.outdated import outdated_revision

    states = {hook.name: hook.state for hook in hook_status(registry).hooks}
    configured = b"promptreg-bump" in (registry.worktree.read(".pre-commit-config.yaml") or b"")
    mine = (HookState.OURS, HookState.CHAINED)
    if old := outdated_hooks(registry):
        message = f"{', '.join(old)} would be written otherwise by this promptreg"
        yield Diagnosis("hooks", Condition.WARNING, message, "promptreg hooks install")
    elif states["pre-commit"] in mine:
        yield Diagnosis("hooks", Condition.OK, "installed by promptreg hooks install")
    elif configured and (revision := outdated_revision(registry)):
        message = f"pre-commit runs promptreg {revision}, and this is {__version__}"
        yield Diagnosis("hooks", Condition.WARNING, message, "pre-commit autoupdate")
    elif configured and states["pre-commit"] is HookState.PRE_COMMIT:
        yield Diagnosis("hooks", Condition.OK, "installed by pre-commit")
    elif configured:
        message = ".pre-commit-config.yaml has promptreg, but git does not run it in this clone"
        yield Diagnosis("hooks", Condition.WARNING, message, "pre-commit install")
    else:
        message = "versions are not bumped on commit in this clone"
        fix = "promptreg hooks install, or promptreg init for pre-commit"
        yield Diagnosis("hooks", Condition.WARNING, message, fix)


def _branches(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg.history.branches import release_ref

    ref = release_ref(registry.repository, registry.config.release_branches)
    if ref is None:
        names = ", ".join(registry.config.release_branches)
        message = f"none of {names} is here, so versions taken on it are not seen"
        yield Diagnosis(
            "release branch", Condition.WARNING, message,
            "git fetch origin, or set [release] branches",
        )  # fmt: skip
        return
    short = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    yield Diagnosis("release branch", Condition.OK, short)


def _history(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg.git.process import has_git, try_git

    if registry.repository.is_shallow:
        message = "history is cut: release, changelog and labels of the past need it whole"
        yield Diagnosis("history", Condition.WARNING, message, "git fetch --unshallow --tags")
        return
    if has_git():
        answer = try_git(registry.root, "config", "--get", "remote.origin.partialclonefilter")
        if answer.returncode == 0:
            kind = answer.stdout.decode().strip()
            message = f"partial clone ({kind}): contents are fetched when git needs them"
            yield Diagnosis(
                "history", Condition.NOTE, message, "git fetch --refetch --no-filter, for offline"
            )
            return
    yield Diagnosis("history", Condition.OK, "complete")


def _tags(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg.git.process import has_git, try_git
    from promptreg.operations.verifying import loose_tags
    from promptreg.queries.listing import list_all

    if has_git():
        answer = try_git(registry.root, "config", "--get", "remote.origin.tagOpt")
        if answer.stdout.strip() == b"--no-tags":
            message = "git fetch leaves tags out in this clone"
            fix = "git config --unset remote.origin.tagOpt, then git fetch --tags"
            yield Diagnosis("tags", Condition.WARNING, message, fix)
            return
    rows = list_all(registry)
    without = [row.name for row in rows if row.claimed is not None and not row.versions]
    loose = loose_tags(registry)
    if without:
        some = ", ".join(without[:3]) + (", ..." if len(without) > 3 else "")  # noqa: PLR2004
        message = f"{len(without)} prompts state a version and have no tag here: {some}"
        yield Diagnosis(
            "tags", Condition.WARNING, message, "git fetch --tags; if new, merge and release them"
        )
    elif loose > _MANY_LOOSE_TAGS:
        message = f"{loose:,} tags are single files, which slows every command down"
        yield Diagnosis("tags", Condition.WARNING, message, "git pack-refs --all")
    else:
        total = sum(row.versions for row in rows)
        yield Diagnosis("tags", Condition.OK, f"{total:,} versions of {len(rows):,} prompts")


def _prompts(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg.operations.checking import check_files

    layout = registry.config.layout
    paths = [path for path in registry.worktree.paths(layout.root) if layout.is_prompt(path)]
    if not paths:
        fix = "promptreg new NAME, or promptreg init"
        yield Diagnosis("prompts", Condition.NOTE, f"no prompt below {layout.root}/", fix)
        return
    errors = [f for f in check_files(registry, paths).findings if f.severity == "error"]
    broken = [f for f in errors if f.rule not in _BUMP_RULES]
    stale = {f.location.path for f in errors} - {f.location.path for f in broken}
    if broken:
        files = {f.location.path for f in broken}
        message = f"{len(files)} of {len(paths)} files are not valid, such as {broken[0].location}"
        fix = f"promptreg check {broken[0].location.path}"
        yield Diagnosis("prompts", Condition.ERROR, message, fix)
    if stale:
        message = f"{len(stale)} of {len(paths)} files wait for a version, such as {min(stale)}"
        yield Diagnosis("prompts", Condition.WARNING, message, "promptreg bump --all")
    if not errors:
        yield Diagnosis("prompts", Condition.OK, f"{len(paths)} files are valid")


def _schema(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg.queries.outdated import missing_schemas, outdated_schemas

    old, missing = outdated_schemas(registry), missing_schemas(registry)
    if not old and not missing:
        yield Diagnosis("schema", Condition.OK, "editors know what this promptreg knows")
    for path in old:
        message = f"{path} was written by another promptreg: editors know other fields"
        yield Diagnosis("schema", Condition.WARNING, message, f"promptreg schema > {path}")
    for path in missing:
        message = f"prompts name {path} for editors, which is not there"
        yield Diagnosis("schema", Condition.WARNING, message, f"promptreg schema > {path}")


def _labels(registry: Registry) -> Iterator[Diagnosis]:
    names = registry.label_names()
    lost = [
        f"{label} names {name} {version}"
        for label in names
        for name, version in registry.label(label).items()
        if version not in registry.tags.versions(name)
    ]
    if lost:
        message = f"{lost[0]}, which has no tag here" + (
            f"; {len(lost) - 1} more" if len(lost) > 1 else ""
        )
        fix = "git fetch --tags; if it was deleted, promptreg label set another"
        yield Diagnosis("labels", Condition.ERROR, message, fix)
    elif yanked := [
        f"{label} names {name} {version}, which is yanked: {yank.reason}"
        for label in names
        for name, version in registry.label(label).items()
        if (yank := registry.yanks_of(name).get(version)) is not None
    ]:
        message = yanked[0] + (f"; {len(yanked) - 1} more" if len(yanked) > 1 else "")
        fix = "promptreg label set LABEL NAME OTHER"
        yield Diagnosis("labels", Condition.WARNING, message, fix)
    elif names:
        yield Diagnosis("labels", Condition.OK, ", ".join(names))
    else:
        fix = "promptreg label set production NAME VERSION"
        yield Diagnosis("labels", Condition.NOTE, "no label yet", fix)


def _metrics(registry: Registry) -> Iterator[Diagnosis]:
    from promptreg.git.process import has_git, try_git
    from promptreg.storage.extra import require_extra

    try:
        require_extra()
    except ConfigError as error:
        yield Diagnosis("metrics", Condition.NOTE, error.message, error.fix or "")
        return
    store = registry.config.store
    inside = "://" not in store and not Path(store).is_absolute()
    if inside and has_git():
        answer = try_git(registry.root, "check-ignore", "--quiet", "--", f"{store}/x")
        if answer.returncode == 1:
            message = f"{store} is not ignored, so rows may be committed"
            fix = f"echo {store.split('/')[0]}/ >> .gitignore"
            yield Diagnosis("metrics", Condition.WARNING, message, fix)
            return
    yield Diagnosis("metrics", Condition.OK, f"{store} with engine {registry.config.engine}")


_LOOKS: tuple[tuple[str, Callable[[Registry], Iterator[Diagnosis]]], ...] = (
    ("configuration", _configuration),
    ("hooks", _hooks),
    ("release branch", _branches),
    ("history", _history),
    ("tags", _tags),
    ("prompts", _prompts),
    ("schema", _schema),
    ("labels", _labels),
    ("metrics", _metrics),
)
