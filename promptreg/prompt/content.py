"""A prompt together with all that its digest covers, read from a work tree or from a commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from promptreg.errors import Location, NotFoundError, PromptError
from promptreg.prompt import Message, Prompt
from promptreg.prompt.digest import SHORT, collect_includes, compute_digest, normalize_fragment
from promptreg.prompt.parsing import parse_prompt
from promptreg.prompt.yamldoc import decode
from promptreg.values import dataclass, field

if TYPE_CHECKING:
    from promptreg.naming import Layout
    from promptreg.sources import Source

__all__ = [
    "Content",
    "content_of",
    "includes_of",
    "read_content",
]


@dataclass(frozen=True, slots=True)
class Content:
    """What one version of a prompt is.

    Attributes:
        prompt: The parsed file.
        includes: The text of each fragment, transitively, by its path below the root.
        digest: The 64 hex digits of its identity.
        data: The bytes of the file.
    """

    prompt: Prompt
    includes: Mapping[str, str]
    digest: str
    data: bytes = field(repr=False)

    @property
    def short_digest(self) -> str:
        """The 12 hex digits that stand in files."""
        return self.digest[:SHORT]

    @property
    def states_its_digest(self) -> bool:
        """Whether the digest line says what the content is."""
        return self.prompt.digest == self.short_digest


def read_content(source: Source, layout: Layout, path: str) -> Content:
    """Read a prompt file with its fragments.

    Args:
        source: Where to read.
        layout: Which files are prompts.
        path: The file's path in the repository.

    Raises:
        NotFoundError: There is no such file.
        PromptError: The file or a fragment is not valid.
    """
    data = source.read(path)
    if data is None:
        raise NotFoundError(f"no file {path}")
    return content_of(data, path, source, layout)


def content_of(data: bytes, path: str, source: Source, layout: Layout) -> Content:
    """Make the content of bytes that are already read; fragments come from the source.

    Raises:
        PromptError: The file or a fragment is not valid.
    """
    prompt = parse_prompt(data, path, layout.name_of(path) or path)
    includes = includes_of(prompt, source, layout)
    return Content(prompt, includes, compute_digest(prompt.value, includes), data)


def includes_of(prompt: Prompt, source: Source, layout: Layout) -> dict[str, str]:
    """Return the text of every fragment a prompt includes, transitively.

    Raises:
        PromptError: A fragment is missing, leads out of the root or goes in a circle.
    """
    texts = [m.content for m in prompt.messages if isinstance(m, Message)]
    # jinja2 costs as much start-up time as all the rest of a bump: only load it for its own tags.
    if prompt.template != "jinja2" or not any(_may_include(text) for text in texts):
        return {}
    from promptreg.render.templating import find_includes

    def direct(text: str) -> tuple[str, ...]:
        return tuple(find_includes(text)) if _may_include(text) else ()

    def load(include: str) -> str:
        data = source.read(layout.fragment(include))
        if data is None:
            raise PromptError(
                f"included file {include} does not exist below {layout.root}/",
                rule="include-missing",
                location=_line_of(prompt, include),
            )
        return normalize_fragment(decode(data, layout.fragment(include))[0])

    try:
        return collect_includes(direct, texts, load)
    except PromptError as error:
        raise (error if error.location is not None else _placed(prompt, load, error)) from None


def _placed(prompt: Prompt, load: Callable[[str], str], error: PromptError) -> PromptError:
    """Return an error of the templates with the line of the file, or of the fragment."""
    from promptreg.render.usage import read_fragments, who

    try:
        read_fragments(prompt, load)
    except PromptError as placed:
        placed.message = placed.message.removeprefix(f"{who(prompt)}: ")
        return placed
    return error


def _may_include(text: str) -> bool:
    return "{%" in text and ("include" in text or "import" in text or "extends" in text)


def _line_of(prompt: Prompt, needle: str) -> Location:
    for message in prompt.messages:
        if isinstance(message, Message) and needle in message.content:
            before = message.content[: message.content.index(needle)]
            return Location(prompt.path, message.file_line(before.count("\n") + 1), 1)
    return prompt.at("messages")
