"""The versions of one file, of which only the lines that changed are parsed; pure.

Neighbouring versions mostly differ in a few lines, and parsing takes half of the time of reading
them. So a file is cut into blocks, each from a line that begins in the first column to the next
one. A block that the version before had becomes comments, by which all others keep the numbers of
their lines, and what is left is parsed as ever. A block means what it means in the whole file

- when nothing in it points out of it: it has no anchor, and no line break but LF;
- when it begins and ends where a root field does, so that the parser comes to it in the one state
  that there is between two fields. That is seen and not guessed: the root keys of the parse stand
  where the blocks begin, and nowhere else. What one file shows of a block holds for all files.

Whatever is not so, and whatever is wrong, is left to `parse_prompt`, which reads the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.errors import PromptError
from promptreg.prompt.fields import FieldReader
from promptreg.prompt.parsing import parse_prompt, prompt_of
from promptreg.prompt.yamldoc import MAX_VALUES, Document, Positions, load
from promptreg.prompt.yamlnodes import MAX_BRACKETS, loader_class
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.prompt import Prompt

__all__ = ["BlockParser"]

# Within a block, only comments and the items of a list may stand in the first column.
_CUT = re.compile(rb"\n(?=[^ \n#-])")
_INSIDE = b" \n#-"
# What `promptreg bump` writes, and no two versions share. Both are texts to any reader of YAML: no
# number has two points, or one of these letters.
_VERSION = re.compile(rb"version: ((?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2})")
_DIGEST = re.compile(rb'digest: (?:"([0-9a-f]{12})"|(?=[0-9a-f]*[acdf])([0-9a-f]{12}))')
_ANCHOR = re.compile(r"(?<![0-9A-Za-z])&\S")
# The line breaks of YAML that are none of git's, and the byte order mark.
_ODD = ("\x85", "\u2028", "\u2029", "\ufeff")


class _Block(NamedTuple):
    """What a root field says.

    Attributes:
        line: Where it stood when it was parsed; the file's first line is 0.
        height: How many lines it has.
        key: Its key.
        value: Its value as plain JSON types.
        fields: What a `Prompt` has of it, by the names there.
    """

    line: int
    height: int
    key: str
    value: Any
    fields: Mapping[str, Any]


class BlockParser:
    """Parses the versions of a file; values that did not change are the same objects."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Block] = {}
        self._head: list[bytes] = []

    def parse(self, data: bytes, path: str, name: str) -> Prompt:
        """Do what `parse_prompt` does, the faster the more the last file that was parsed had.

        Args:
            data: The bytes of the file.
            path: Its path in the repository, used in errors.
            name: The prompt's name.

        Raises:
            PromptError: The first error in the file.
        """
        blocks = self._blocks(data, path, name)
        value = {block.key: block.value for block in blocks}
        if "messages" not in value or len(value) < len(blocks):
            return parse_prompt(data, path, name)
        fields: dict[str, Any] = {}
        for block in blocks:
            fields.update(block.fields)
        return prompt_of(name, path, value, fields, Positions(data, path))

    def _blocks(self, data: bytes, path: str, name: str) -> list[_Block]:
        """Return the blocks of a file; none where it must be parsed as a whole."""
        if _is_large(data) or not data.endswith(b"\n"):
            return []
        texts = _CUT.split(data[:-1])
        # What stands above the first field, comments for the most part, belongs to no block.
        head = [texts.pop(0)] if data[0] in _INSIDE else []
        known, fresh, rest = self._known, [], head.copy()
        line = sum(part.count(b"\n") + 1 for part in head)
        for text in texts:
            block = known.get(text) or _own_line(text)
            # Messages know their lines.
            if block is None or (block.line != line and block.key == "messages"):
                block = _Block(line, text.count(b"\n") + 1, "", None, {})
                fresh.append((text, block))
                rest.append(text)
            else:
                known[text] = block
                rest += [b"#"] * block.height
            line += block.height
        if fresh or head != self._head:
            read = _parsed(b"\n".join(rest) + b"\n", fresh, path, name)
            if read is None:
                return []
            known.update(read)
        self._head, self._known = head, {text: known[text] for text in texts}
        return [known[text] for text in texts]


def _own_line(text: bytes) -> _Block | None:
    """Read a line that `promptreg bump` wrote; None if it is none, or less plain."""
    if match := _VERSION.fullmatch(text):
        version = match[1].decode()
        return _Block(0, 1, "version", version, {"version": Version.parse(version)})
    if match := _DIGEST.fullmatch(text):
        digest = (match[1] or match[2]).decode()
        return _Block(0, 1, "digest", digest, {"digest": digest})
    return None


def _parsed(
    data: bytes, fresh: Sequence[tuple[bytes, _Block]], path: str, name: str
) -> dict[bytes, _Block] | None:
    """Parse the blocks that are new.

    Args:
        data: The file with comments for all other blocks.
        fresh: The texts of the new blocks in their order, and where they stand.
        path: The path of the file.
        name: The prompt's name.

    Returns:
        What they say, by their text; None where they cannot be told apart, or are wrong.
    """
    try:
        document = load(data, path)
    except PromptError:
        return None
    lines = [block.line for _, block in fresh]
    if _points_elsewhere(document) or _lines_of_keys(document) != lines:
        return None
    reader = FieldReader(document, name)
    found = {
        text: block._replace(key=key, value=value, fields=reader.fields(key))
        for (text, block), (key, value) in zip(fresh, document.value.items(), strict=True)
    }
    return None if any(f.severity == "error" for f in reader.findings) else found


def _is_large(data: bytes) -> bool:
    """Tell whether a file might pass a limit that its blocks do not pass."""
    # A value takes a byte at least, as a bracket does.
    if len(data) <= MAX_BRACKETS:
        return False
    return len(data) > MAX_VALUES or data.count(b"[") + data.count(b"{") > MAX_BRACKETS


def _points_elsewhere(document: Document) -> bool:
    """Tell whether blocks may not mean the same beside others, or be on other lines."""
    text = document.text
    if document.bom or "\r" in text or ("&" in text and _ANCHOR.search(text)):
        return True
    return not text.isascii() and any(character in text for character in _ODD)


def _lines_of_keys(document: Document) -> list[int]:
    """Return the lines of the root's keys, from 0; -1 for one that does not begin a block."""
    if document.root.flow_style:
        return []
    text = loader_class().text
    # Another tag may say that the key merges a mapping.
    return [
        -1 if key.start_mark.column or key.ctag is not text else key.start_mark.line
        for key, _ in document.root.value
    ]
