"""What released versions hold, read by the object ids that their tags recorded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError
from promptreg.prompt.content import Content, content_of, includes_of
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git import Repository
    from promptreg.history.tags import Release
    from promptreg.naming import Layout
    from promptreg.prompt import Prompt
    from promptreg.prompt.blocks import BlockParser

__all__ = ["Contents"]


class Contents:
    """Reads what releases hold, and remembers the latest of them.

    Args:
        repository: Where their objects are.
        layout: Where their files lie.
    """

    def __init__(self, repository: Repository, layout: Layout) -> None:
        self._repository = repository
        self._layout = layout
        self._content_at = lru_cache(maxsize=1024)(self._read_content)

    def of(self, release: Release) -> Content:
        """Return what a release holds.

        Raises:
            HistoryError: Its blob was not fetched.
        """
        trailers = release.trailers
        return self._content_at(
            trailers.prompt, trailers.blob, tuple(sorted(trailers.includes.items())), release.tag
        )

    def texts(self, release: Release, parser: BlockParser) -> tuple[Prompt, Mapping[str, str]]:
        """Return the prompt and the fragments of a release, for who reads each but once.

        Its digest is not computed, and nothing is kept but by the parser.

        Args:
            release: The release.
            parser: What parsed the release before.

        Raises:
            HistoryError: Its blob was not fetched.
        """
        trailers = release.trailers
        data, path, source, layout = self._file(
            trailers.prompt, trailers.blob, trailers.includes, release.tag
        )
        prompt = parser.parse(data, path, trailers.prompt)
        return prompt, includes_of(prompt, source, layout)

    def _read_content(
        self, name: str, blob: str, includes: tuple[tuple[str, str], ...], tag: str
    ) -> Content:
        return content_of(*self._file(name, blob, dict(includes), tag))

    def _file(
        self, name: str, blob: str, includes: Mapping[str, str], tag: str
    ) -> tuple[bytes, str, _Fragments, Layout]:
        """Return the bytes and the path of a released file, and what reading it takes."""
        data = self._repository.blob(blob)
        if data is None:
            raise _not_fetched(f"content of {tag}", blob)
        layout = self._layout
        source = _Fragments(self._repository, includes, tag, layout.root)
        return data, layout.candidates(name)[1], source, layout


@dataclass(frozen=True, slots=True)
class _Fragments:
    """The fragments of one release, by the object ids its tag recorded."""

    repository: Repository
    includes: Mapping[str, str]
    tag: str
    root: str

    def read(self, path: str) -> bytes | None:
        oid = self.includes.get(path.removeprefix(f"{self.root}/"))
        if oid is None:
            return None
        data = self.repository.blob(oid)
        if data is None:
            raise _not_fetched(f"fragment {path} of {self.tag}", oid)
        return data

    def paths(self, folder: str) -> list[str]:
        return [f"{folder}/{path}" for path in sorted(self.includes)]


def _not_fetched(what: str, blob: str) -> HistoryError:
    # The tag is here, so it is no shallow clone but a blobless one: tags would not bring it.
    return HistoryError(f"{what} was not fetched", fix=f"git fetch origin {blob}")
