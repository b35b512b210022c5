"""A prompt as a line of the report's JSON; compressed, it waits until all prompts are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptreg.formats.json_text import json_text
from promptreg.report.chunks import chunk_of_json, json_of_chunk
from promptreg.report.schema import as_json

if TYPE_CHECKING:
    from promptreg.report.model import PromptRow
    from promptreg.report.origin import Links

__all__ = ["PackedLine", "line_of", "pack_line"]

# No text looks like this: a quotation mark in one is escaped, so these are the prompt's own keys.
_NO_LINKS = '"file_url": "", "edit_url": ""'


class PackedLine(NamedTuple):
    """What the JSON holds of one prompt, but for the links to its file.

    These name the commit, and would make every prompt another one with each.

    Attributes:
        chunk: The line, compressed.
    """

    chunk: str


def pack_line(prompt: PromptRow) -> PackedLine:
    """Pack one prompt that has no links yet.

    Args:
        prompt: The prompt.
    """
    return PackedLine(chunk_of_json(json_text(as_json(prompt), indent=None)))


def line_of(packed: PackedLine, links: Links, *, ensure_ascii: bool) -> str:
    """Return the JSON of a prompt.

    Args:
        packed: The prompt.
        links: Where its file is.
        ensure_ascii: Whether to escape all that is not ASCII.
    """
    named = json_text({"file_url": links.file, "edit_url": links.edit}, indent=None)
    line = json_of_chunk(packed.chunk).replace(_NO_LINKS, named[1:-1], 1)
    return re.sub(r"[^\x00-\x7f]", _escaped, line) if ensure_ascii else line


def _escaped(found: re.Match[str]) -> str:
    return json_text(found[0], ensure_ascii=True)[1:-1]
