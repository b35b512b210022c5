"""`changelog`: what was released since a time or a commit, from the tags alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError
from promptreg.history.tags import release_of
from promptreg.moments import parse_moment
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.history.tags import Release
    from promptreg.registry import Registry

__all__ = ["Entry", "changelog", "write_markdown", "write_text"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One released version with the labels that name it now."""

    name: str
    release: Release
    author: str
    labels: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        release = self.release
        return {
            "prompt": self.name,
            "version": str(release.version),
            "level": release.trailers.level.label,
            "date": release.when.isoformat(),
            "author": self.author,
            "commit": release.commit,
            "labels": list(self.labels),
            "changes": list(release.changes),
        }


def changelog(
    registry: Registry,
    name: str | None = None,
    *,
    since: str | None = None,
    now: datetime | None = None,
) -> list[Entry]:
    """Return released versions, newest first.

    Args:
        registry: The registry.
        name: Only this prompt.
        since: An age such as ``7d``, a day, a time, or a revision: what its history holds is left
            out.
        now: What an age counts from.

    Raises:
        ConfigError: The since is neither a time nor a revision.
        NotFoundError: There is no such prompt.
    """
    tags = {name: registry.tags.oids(name)} if name is not None else registry.tags.names()
    if name is not None and not tags[name]:
        registry.releases(name)  # says that there is no such prompt
    chosen = _chooser(registry, since, now) if since is not None else None
    labels = {label: registry.label(label) for label in registry.label_names()}
    entries = []
    for each, versions in tags.items():
        gone = registry.tags.deleted(each)
        for version, (tag, oid) in versions.items():
            if version in gone or (chosen is not None and not chosen.may_hold(tag)):
                continue
            found = registry.repository.tag(oid)
            release = release_of(found) if found is not None else None
            if release is not None and (chosen is None or chosen.holds(release)):
                named = tuple(k for k, v in labels.items() if v.get(each) == version)
                entries.append(Entry(each, release, registry.tags.author(release), named))
    # Within one commit: by name, then the greater version first.
    entries.sort(key=lambda e: e.name)
    entries.sort(key=lambda e: (e.release.when, e.release.version), reverse=True)
    return entries


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Which releases are new.

    Attributes:
        tags: The tags that may be, as git lists them at once; None where there is no git program.
        holds: Decides by the release itself.
    """

    tags: frozenset[str] | None
    holds: Callable[[Release], bool]

    def may_hold(self, tag: str) -> bool:
        return self.tags is None or tag in self.tags


def _chooser(registry: Registry, since: str, now: datetime | None) -> _Chooser:
    try:
        moment = parse_moment(since, now)
    except ConfigError:
        return _since_revision(registry, since)
    tags = _list_tags(registry, "--format=%(creatordate:unix) %(refname:strip=2)")
    if tags is None:
        return _Chooser(None, lambda release: release.when >= moment)
    dated = (line.partition(" ") for line in tags)
    recent = frozenset(tag for date, _, tag in dated if date and int(date) >= moment.timestamp())
    return _Chooser(recent, lambda release: release.when >= moment)


def _since_revision(registry: Registry, since: str) -> _Chooser:
    commit = registry.repository.resolve_commit(since)
    if commit is None:
        from promptreg.history.missing import explain_missing

        missing = explain_missing(registry.repository, since)
        better = missing.fix if missing.fetchable or "mean" in missing.fix else ""
        raise ConfigError(
            f"--since {since} is neither a time nor a revision here",
            fix=better or "write 7d, 2026-01-31, a tag, a branch or a commit",
        )
    tags = _list_tags(registry, f"--no-merged={commit}", "--format=%(refname:strip=2)")
    if tags is not None:
        return _Chooser(frozenset(tags), lambda _: True)
    known = _history(registry, commit)
    return _Chooser(None, lambda release: release.commit not in known)


def _list_tags(registry: Registry, *options: str) -> list[str] | None:
    """Ask git for all tags at once, a hundred times quicker than reading each; None without git."""
    from promptreg.git.process import has_git, run_git

    if not has_git():
        return None
    # In a hook GIT_DIR may be set, relative to the folder that the hook runs in.
    folder = registry.repository.paths.git_dir
    answer = run_git(folder, "--git-dir=.", "for-each-ref", *options, "refs/tags/")
    return answer.decode("utf-8", "replace").splitlines()


def _history(registry: Registry, commit: str) -> frozenset[str]:
    """Return a commit with all its ancestors, every parent counted."""
    repository = registry.repository
    seen: set[str] = set()
    waiting = [commit]
    while waiting:
        oid = waiting.pop()
        if oid in seen:
            continue
        seen.add(oid)
        if oid not in repository.shallow_commits:
            waiting.extend(repository.commit(oid).parents)
    return frozenset(seen)


def write_text(entries: Sequence[Entry]) -> Iterable[str]:
    """Yield the lines of a changelog for the terminal."""
    for entry in entries:
        release = entry.release
        labels = f"  [{', '.join(entry.labels)}]" if entry.labels else ""
        yield (
            f"{release.when:%Y-%m-%d}  {entry.name} {release.version}  {_level(release)}"
            f"  {entry.author}{labels}"
        )
        for change in release.changes:
            yield f"    {change}"


def write_markdown(entries: Sequence[Entry]) -> Iterable[str]:
    """Yield the lines of a changelog in Markdown, one heading a day."""
    day = None
    for entry in entries:
        release = entry.release
        if day != (day := release.when.date()):
            yield f"## {day.isoformat()}"
            yield ""
        labels = f", now {', '.join(entry.labels)}" if entry.labels else ""
        yield (
            f"### {_escape(entry.name)} {release.version} ({_level(release)} by"
            f" {_escape(entry.author)}{labels})"
        )
        yield ""
        yield from (f"- {_escape(change)}" for change in release.changes)
        yield ""


def _level(release: Release) -> str:
    return release.trailers.level.label if release.trailers.level else "first version"


def _escape(text: str) -> str:
    """Keep names and details from turning into markup or links."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|@" else c for c in text)
