"""The versions of a prompt as git has them: releases, and the reported commit's own content."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.diffs.counting import count_edits
from promptreg.errors import HistoryError, NotFoundError, PromptError, PromptregError
from promptreg.prompt import Message
from promptreg.prompt.content import Content, read_content
from promptreg.report.model import ChangeRow, Fragment, MessageRow, VariableRow, VersionRow
from promptreg.sources import CommitSource, locate

if TYPE_CHECKING:
    from promptreg.history.tags import Release
    from promptreg.prompt import Prompt
    from promptreg.registry import Registry
    from promptreg.report.model import LevelName

__all__ = ["GitPrompt", "iso", "read_prompt"]

_ELSEWHERE = frozenset(
    {
        "description",
        "digest",
        "evaluators",
        "formerly",
        "messages",
        "model",
        "name",
        "testData",
        "variables",
        "version",
    }
)
_LEVELS = frozenset({"none", "patch", "minor", "major"})
# Of lines; counting so many takes a quarter of a second.
_MAX_PAIRS = 1_000_000_000
# An encoder of their own: `json.dumps` makes one for each of some ten values a version.
_plain = json.JSONEncoder(ensure_ascii=False).encode
_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


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


class _Written(NamedTuple):
    """What the file of a version says; the names are those of a row's fields."""

    model: str | None = None
    template: str = "jinja2"
    description: str | None = None
    messages: tuple[MessageRow, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    variables: tuple[VariableRow, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    lines_added: int = 0
    lines_removed: int = 0


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
    lines: list[str] = []
    unfetched = 0
    for release in registry.tags.releases(name):
        written = _Written()
        try:
            newest, includes = registry.tags.texts(release)
        except HistoryError:
            unfetched += 1
        except PromptregError as error:
            notes.append(f"{release.tag}: {error.message}")
        else:
            before, lines = lines, _lines_of(newest, includes)
            written = _written(newest, includes, before, lines)
        author = registry.tags.author(release)
        rows.append(_released(release, author, written, labels, yanks))
    path, current = _at_commit(registry, name, commit, notes)
    if current is not None:
        newest = current.prompt
        if all(row.digest != current.digest for row in rows):
            rows.append(_unreleased(registry, name, commit, current, lines))
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
        metadata=tuple((str(key), _plain(value)) for key, value in newest.metadata.items()),
        formerly=newest.formerly,
    )


def iso(moment: datetime) -> str:
    """Write a time in UTC, whole seconds."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _released(
    release: Release,
    author: str,
    written: _Written,
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
    registry: Registry, name: str, commit: str, content: Content, before: list[str]
) -> VersionRow:
    version = registry.resolve(f"{name}@HEAD").version
    found = registry.repository.commit(commit)
    prompt, includes = content.prompt, content.includes
    return VersionRow(
        version=str(version),
        digest=content.digest,
        commit=commit,
        author=found.author.name,
        date=iso(found.committer.when),
        released=False,
        summary="Not released yet",
        **_written(prompt, includes, before, _lines_of(prompt, includes))._asdict(),
    )


def _written(
    prompt: Prompt, includes: Mapping[str, str], before: list[str], lines: list[str]
) -> _Written:
    """Return what a file says.

    Args:
        prompt: The parsed file.
        includes: Its fragments.
        before: The lines of the version before it.
        lines: Its own lines.
    """
    added, removed = count_edits(before, lines, _MAX_PAIRS)
    return _Written(
        model=prompt.model,
        template=prompt.template,
        description=prompt.description,
        messages=tuple(
            MessageRow(m.role, m.content)
            if isinstance(m, Message)
            else MessageRow("placeholder", m.name)
            for m in prompt.messages
        ),
        fragments=tuple(Fragment(path, text) for path, text in sorted(includes.items())),
        variables=_variables(prompt, includes),
        settings=tuple(_flat({k: v for k, v in prompt.value.items() if k not in _ELSEWHERE})),
        lines_added=added,
        lines_removed=removed,
    )


def _variables(prompt: Prompt, includes: Mapping[str, str]) -> tuple[VariableRow, ...]:
    variables = prompt.variables
    if not prompt.declares_variables:
        from promptreg.render import prompt_variables

        with contextlib.suppress(PromptError, KeyError):
            variables = prompt_variables(prompt, includes.__getitem__)
    return tuple(
        VariableRow(
            name=v.name,
            type=v.type,
            required=v.required,
            default=None if v.required else _json(v.default),
            enum=tuple(_json(value) for value in v.enum or ()),
            description=v.description,
        )
        for v in variables
    )


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _flat(value[key], f"{path}.{key}" if path else str(key))
    else:
        yield path, _json(value)


def _lines_of(prompt: Prompt, includes: Mapping[str, str]) -> list[str]:
    texts = [m.content if isinstance(m, Message) else m.name for m in prompt.messages]
    texts += [text for _, text in sorted(includes.items())]
    return [line for text in texts for line in text.splitlines()]
