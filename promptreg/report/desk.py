"""Where prompts are read, judged and packed, in this process or in another one."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple, Protocol

from promptreg.report.assembly import assemble
from promptreg.report.versions import read_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.registry import Registry
    from promptreg.report.asking import Answers
    from promptreg.report.assembly import Assembled, Extract, Setting
    from promptreg.report.html import PackedPrompt
    from promptreg.report.lines import PackedLine
    from promptreg.report.versions import GitPrompt

__all__ = ["Desk", "Done", "Here", "Outline", "Staff"]


class VersionName(NamedTuple):
    """A version and its content's digest."""

    version: str
    digest: str


class Outline(NamedTuple):
    """What has to be known of a prompt to ask for its rows.

    Attributes:
        name: The prompt's name.
        path: Its file at the reported commit; empty when it is gone.
        versions: Lowest first.
    """

    name: str
    path: str
    versions: tuple[VersionName, ...]


class Done(NamedTuple):
    """A packed prompt, and what the report around it takes from it.

    Attributes:
        packed: The prompt, as its setting asked for it: for the page or for JSON.
        extract: The rest.
    """

    packed: PackedPrompt | PackedLine
    extract: Extract


class Staff(Protocol):
    """Whoever reads prompts and finishes them; a prompt is finished where it was read."""

    def read(self, name: str, commit: str, labels: Mapping[str, Sequence[str]]) -> Future[Outline]:
        """Read all versions of a prompt."""

    def finish(self, name: str, answers: Answers | None, setting: Setting) -> Future[Done]:
        """Judge and pack a prompt that was read."""


class Desk:
    """Does the work on one prompt after the other.

    Args:
        registry: Where from.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        registry.tags.leave_edits_out()
        self._read: dict[str, GitPrompt] = {}

    def read(self, name: str, commit: str, labels: Mapping[str, Sequence[str]]) -> Outline:
        """Read all versions of a prompt, and keep them until it is finished.

        Args:
            name: The prompt's name.
            commit: The commit that the report describes.
            labels: The labels of each version.
        """
        prompt = self._read[name] = read_prompt(self._registry, name, commit, labels)
        versions = tuple(VersionName(v.version, v.digest) for v in prompt.versions)
        return Outline(name, prompt.path, versions)

    def assemble(self, name: str, answers: Answers | None, setting: Setting) -> Assembled:
        """Put a prompt together that was read; see `promptreg.report.assembly.assemble`."""
        return assemble(self._read.pop(name), answers, setting)

    def finish(self, name: str, answers: Answers | None, setting: Setting) -> Done:
        """Put a prompt together that was read, and pack it.

        Args:
            name: The prompt's name.
            answers: What the store said of it; None when it has no rows.
            setting: Everything else.
        """
        found = self.assemble(name, answers, setting)
        if setting.for_json:
            from promptreg.report.lines import pack_line

            return Done(pack_line(found.row), found.extract)
        from promptreg.report.html import pack

        return Done(pack(found.row), found.extract)


class Here:
    """A staff of nobody but this process.

    Args:
        registry: Where from.
    """

    def __init__(self, registry: Registry) -> None:
        self._desk = Desk(registry)

    def read(self, name: str, commit: str, labels: Mapping[str, Sequence[str]]) -> Future[Outline]:
        """Read all versions of a prompt now."""
        future: Future[Outline] = Future()
        future.set_result(self._desk.read(name, commit, labels))
        return future

    def finish(self, name: str, answers: Answers | None, setting: Setting) -> Future[Done]:
        """Judge and pack a prompt now."""
        future: Future[Done] = Future()
        future.set_result(self._desk.finish(name, answers, setting))
        return future
