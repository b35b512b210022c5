"""The versions of a prompt as git has them: releases, and the reported commit's own content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, NotFoundError, PromptError, PromptregError
from promptreg.prompt.blocks import BlockParser
from promptreg.prompt.content import Content, read_content
from promptreg.report.model import ChangeRow, VersionRow
from promptreg.report.written import Writer, Written, plain_json
from promptreg.sources import CommitSource, locate

if TYPE_CHECKING:
    from promptreg.history.tags import Release
    from promptreg.prompt import Prompt
    from promptreg.registry import Registry
    from promptreg.report.model import LevelName

__all__ = ["GitPrompt", "iso", "read_prompt"]

_LEVELS = frozenset({"none", "patch", "minor", "major"})


@dataclass(frozen=True, slots=True)
class GitPrompt:
    """One prompt without its metrics.

    Attributes:
        name: The registry name.
        path: The file at the reported commit; empty when it is gone.
        versions: Lowest first.
        title: The display name of the newest content that can be read.
        description: Its description.
        tags: Its tags.
        metadata: Its metadata, as key and JSON text.
        formerly: The names it had before, as its file says.
        unfetched: How many versions' texts this clone does not have.
        notes: What could not be read, one line each.
        fragments: What the file includes at the reported commit, by path below the root.
    """

    name: str
    path: str
    versions: tuple[VersionRow, ...]
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    formerly: tuple[str, ...] = ()
    unfetched: int = 0
    notes: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()


def read_prompt(
    registry: Registry, name: str, commit: str, labels: Mapping[str, Sequence[str]]
) -> GitPrompt:
    """Read all versions of a prompt.

    Args:
        registry: The registry.
        name: The prompt's name.
        commit: The commit that the report describes.
        labels: The labels of each version.
    """
    rows: list[VersionRow] = []
    notes: list[str] = []
    yanks = {str(version): yank.reason for version, yank in registry.yanks_of(name).items()}
    newest: Prompt | None = None
    unfetched = 0
    parser, writer = BlockParser(), Writer()
    for release in registry.tags.releases(name):
        written = Written()
        try:
            newest, includes = registry.tags.texts(release, parser)
        except HistoryError:
            unfetched += 1
        except PromptregError as error:
            notes.append(f"{release.tag}: {error.message}")
        else:
            written = writer.write(newest, includes)
        author = registry.tags.author(release)
        rows.append(_released(release, author, written, labels, yanks))
    missing = registry.tags.missing(name)
    notes += [f"{tag}: object {oid[:12]} is missing from this clone" for tag, oid in missing]
    path, current = _at_commit(registry, name, commit, notes)
    if current is not None:
        newest = current.prompt
        if all(row.digest != current.digest for row in rows):
            rows.append(_unreleased(registry, name, commit, current, writer))
    found = GitPrompt(
        name,
        path,
        tuple(rows),
        unfetched=unfetched,
        notes=tuple(notes),
        fragments=tuple(current.includes) if current is not None else (),
    )
    if newest is None:
        return found
    return replace(
        found,
        title=newest.title,
        description=newest.description,
        tags=tuple(newest.tags),
        metadata=tuple((str(key), plain_json(value)) for key, value in newest.metadata.items()),
        formerly=newest.formerly,
    )


def iso(moment: datetime) -> str:
    """Write a time in UTC, whole seconds."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _released(
    release: Release,
    author: str,
    written: Written,
    labels: Mapping[str, Sequence[str]],
    yanks: Mapping[str, str],
) -> VersionRow:
    version = str(release.version)
    level: LevelName = release.trailers.level.label  # type: ignore[assignment]
    changes = tuple(_changes(release.changes))
    return VersionRow(
        version=version,
        digest=release.digest,
        commit=release.commit,
        author=author,
        date=iso(release.when),
        level=level if changes or level != "none" else "first",
        summary=release.summary,
        yanked=yanks.get(version),
        changes=changes,
        labels=tuple(labels.get(version, ())),
        **written._asdict(),
    )


def _changes(lines: Sequence[str]) -> Iterator[ChangeRow]:
    """Read the change list of a tag: ``minor message-changed: system message``."""
    for line in lines:
        head, _, detail = line.partition(": ")
        level, _, rule = head.partition(" ")
        if level in _LEVELS and rule:
            yield ChangeRow(rule, level, detail)  # type: ignore[arg-type]


def _at_commit(
    registry: Registry, name: str, commit: str, notes: list[str]
) -> tuple[str, Content | None]:
    source, layout = CommitSource(registry.repository, commit), registry.config.layout
    try:
        path = locate(source, layout, name)
    except NotFoundError:
        return "", None
    except PromptError as error:
        # Two files have its name: it is there, but nobody can say what it is.
        notes.append(str(error))
        return next(p for p in layout.candidates(name) if source.read(p) is not None), None
    try:
        return path, read_content(source, layout, path)
    except PromptregError as error:
        notes.append(str(error))
        return path, None


def _unreleased(
    registry: Registry, name: str, commit: str, content: Content, writer: Writer
) -> VersionRow:
    version = registry.resolve(f"{name}@HEAD").version
    found = registry.repository.commit(commit)
    return VersionRow(
        version=str(version),
        digest=content.digest,
        commit=commit,
        author=found.author.name,
        date=iso(found.committer.when),
        released=False,
        summary="Not released yet",
        **writer.write(content.prompt, content.includes)._asdict(),
    )
