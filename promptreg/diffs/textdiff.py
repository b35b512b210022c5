"""Two-level text diff: lines first, then the words inside changed lines; pure.

The algorithm is Myers' greedy one (E. Myers, "An O(ND) Difference Algorithm and Its Variations",
1986) on interned lines and on word tokens. Around it stand the steps that make its answer readable:
hunks that only a blank line divides are joined, lines inside a hunk are paired by how many words
they share, and short coincidences between two edits are given up. All arithmetic is on integers, so
that the twin in the report (``report/assets/diff.js``) gives exactly the same rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from promptreg.diffs.myers import Block, changed_blocks, heaviest_blocks, slide, trim

__all__ = ["LineDiff", "Span", "TextDiff", "compare_texts", "tokenize"]

Kind = Literal["equal", "delete", "insert", "change"]
SpanKind = Literal["equal", "delete", "insert"]

MAX_LINE_EDITS = 1500
"""Edits between two texts' lines above which everything between them counts as replaced."""
MAX_WORD_EDITS = 800
"""Edits between two lines' words above which the whole line counts as replaced."""
MAX_CELLS = 10_000
"""Pairs of words up to which two lines are matched by weight instead of by number of edits."""
MAX_PAIRS = 40_000
"""Pairs of lines in one hunk above which lines are no longer paired by likeness."""
KEPT_WORDS = 20
"""Letters in a common stretch from which on it is never given up between two edits."""

# The classes are spelled out as ranges so that Python and the browser split the same way whatever
# Unicode version each of them knows.
_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WORD = (
    "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u0386"
    "\u0388-\u0559\u0560-\u0588\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7-\u05f2"
    "\u0610-\u061a\u0620-\u0669\u066e-\u06d3\u06d5-\u06ff\u0710-\u0963\u0966-\u166c"
    "\u166f-\u167f\u1681-\u1fff\u2c00-\u2dff\u3105-\u312f\ua000-\ud7ff\ufb00-\ufd3d"
    "\ufd40-\ufdff\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc"
    "\U00010000-\U0001efff"
)
_PICTURE = "\u2190-\u2bff\u200d\ufe0f\U0001f000-\U0001faff"
_TOKEN = re.compile(f"[{_SPACE}]+|[{_WORD}]+|[{_PICTURE}]+|[\\s\\S]")
_IS_SPACE = re.compile(f"[{_SPACE}]+")
_IS_WORD = re.compile(f"[{_WORD}\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

_SENTENCE_ENDS = frozenset(".!?\u3002")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a changed line: common, only in the old text or only in the new one."""

    kind: SpanKind
    text: str


@dataclass(frozen=True, slots=True)
class LineDiff:
    """One row of a diff.

    Attributes:
        kind: ``change`` rows hold a line of each side that belong together.
        old_number: The line in the old text, from 1; None when it has none.
        new_number: The line in the new text, from 1; None when it has none.
        old: The old line with its line end; None when there is none.
        new: The new line with its line end; None when there is none.
        spans: The words of a ``change`` row, in reading order; empty for other kinds.
    """

    kind: Kind
    old_number: int | None
    new_number: int | None
    old: str | None
    new: str | None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class TextDiff:
    """How one text became another; joining the rows' sides gives both texts back."""

    rows: tuple[LineDiff, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the texts are the same."""
        return all(row.kind == "equal" for row in self.rows)

    @cached_property
    def _letters(self) -> tuple[int, int, int]:
        """Letters that are common, only old, only new; line ends and blanks do not count."""
        common = removed = added = 0
        for kind, text in self._stretches():
            weight = _weight(tokenize(text))
            if kind == "equal":
                common += weight
            elif kind == "delete":
                removed += weight
            else:
                added += weight
        return common, removed, added

    @property
    def similarity(self) -> float:
        """The share of letters both texts have in common, 0 to 1."""
        common, removed, added = self._letters
        total = 2 * common + removed + added
        return 2 * common / total if total else 1.0

    @property
    def words_added(self) -> int:
        """How many words only the new text has."""
        return sum(_count_words(text) for kind, text in self._stretches() if kind == "insert")

    @property
    def words_removed(self) -> int:
        """How many words only the old text has."""
        return sum(_count_words(text) for kind, text in self._stretches() if kind == "delete")

    @property
    def lines_added(self) -> int:
        """How many lines a line diff would show with a plus."""
        return sum(row.kind in {"insert", "change"} for row in self.rows)

    @property
    def lines_removed(self) -> int:
        """How many lines a line diff would show with a minus."""
        return sum(row.kind in {"delete", "change"} for row in self.rows)

    def hunks(self, context: int = 3) -> tuple[tuple[LineDiff, ...], ...]:
        """Return the changed rows in groups with some unchanged rows around each.

        Args:
            context: How many unchanged rows to keep on either side of a change.
        """
        keep = [False] * len(self.rows)
        for index, row in enumerate(self.rows):
            if row.kind != "equal":
                start = max(0, index - context)
                for near in range(start, min(len(self.rows), index + context + 1)):
                    keep[near] = True
        groups: list[tuple[LineDiff, ...]] = []
        current: list[LineDiff] = []
        for row, kept in zip(self.rows, keep, strict=True):
            if kept:
                current.append(row)
            elif current:
                groups.append(tuple(current))
                current = []
        return (*groups, tuple(current)) if current else tuple(groups)

    def _stretches(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for row in self.rows:
            if row.kind == "change":
                found.extend((span.kind, span.text) for span in row.spans)
            else:
                found.append((row.kind, (row.new if row.old is None else row.old) or ""))
        return found


def compare_texts(old: str, new: str) -> TextDiff:
    """Compare two texts by lines, then changed lines by words.

    Args:
        old: The text before.
        new: The text after.

    Returns:
        Rows in reading order; joining their sides gives both texts back exactly.
    """
    old_lines, new_lines = _split_lines(old), _split_lines(new)
    blocks = changed_blocks(old_lines, new_lines, MAX_LINE_EDITS)
    blocks = slide(old_lines, new_lines, blocks, _line_boundary)
    rows: list[LineDiff] = []
    i = j = 0
    for block in [*_join_over_blanks(old_lines, blocks), None]:
        end = len(old_lines) if block is None else block.old_start
        while i < end:
            rows.append(LineDiff("equal", i + 1, j + 1, old_lines[i], new_lines[j]))
            i, j = i + 1, j + 1
        if block is not None:
            rows.extend(_rows_of_block(old_lines, new_lines, block))
            i, j = block.old_end, block.new_end
    return TextDiff(tuple(rows))


def tokenize(text: str) -> list[str]:
    """Split a text into words, runs of white space and single other characters.

    Characters of scripts that write words without spaces between them (Chinese, Japanese) are
    tokens of their own. Joining the tokens gives the text back.
    """
    return _TOKEN.findall(text)


def _split_lines(text: str) -> list[str]:
    """Split at line feeds only, each line keeping its own: other ends belong to the text."""
    lines = text.split("\n")
    ended = [line + "\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def _is_blank(text: str) -> bool:
    return not text or _IS_SPACE.fullmatch(text) is not None


def _line_boundary(lines: Sequence[str], at: int) -> int:
    """Rate the place before a line as an end of a hunk: higher reads better."""
    if at in {0, len(lines)}:
        return 3
    if _is_blank(lines[at - 1]):
        return 2
    return 1 if _is_blank(lines[at]) else 0


def _join_over_blanks(old: list[str], blocks: list[Block]) -> list[Block]:
    """Join hunks that only blank lines divide, so that paragraphs pair up across them."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last is not None and all(
            _is_blank(line) for line in old[last.old_end : block.old_start]
        ):
            joined[-1] = Block(last.old_start, block.old_end, last.new_start, block.new_end)
        else:
            joined.append(block)
    return joined


def _rows_of_block(old: list[str], new: list[str], block: Block) -> list[LineDiff]:
    rows: list[LineDiff] = []
    i, j = block.old_start, block.new_start
    a, b = old[i : block.old_end], new[j : block.new_end]
    for pair_i, pair_j in [*_pair_lines(a, b), (len(a), len(b))]:
        to_i, to_j = block.old_start + pair_i, block.new_start + pair_j
        rows.extend(LineDiff("delete", n + 1, None, old[n], None) for n in range(i, to_i))
        rows.extend(LineDiff("insert", None, n + 1, None, new[n]) for n in range(j, to_j))
        i, j = to_i, to_j
        if pair_i < len(a) and pair_j < len(b):
            rows.append(_row_of_pair(old, new, i, j))
            i, j = i + 1, j + 1
    return rows


def _row_of_pair(old: list[str], new: list[str], i: int, j: int) -> LineDiff:
    if old[i] == new[j]:
        return LineDiff("equal", i + 1, j + 1, old[i], new[j])
    return LineDiff("change", i + 1, j + 1, old[i], new[j], _word_spans(old[i], new[j]))


def _weight(tokens: Sequence[str]) -> int:
    return sum(len(token) for token in tokens if not _IS_SPACE.fullmatch(token))


def _token_weight(token: str) -> int:
    """Rate a common token: longer words hold a line together, blanks hardly do."""
    if _IS_SPACE.fullmatch(token):
        return 1
    return 1 + 2 * len(token)


def _count_words(text: str) -> int:
    return sum(_IS_WORD.match(token) is not None for token in tokenize(text))


def _pair_lines(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Pair lines in order so that the paired lines share as many letters as possible.

    Two lines may pair when at least half of their letters stand in common words.
    """
    if not old or not new or len(old) * len(new) > MAX_PAIRS:
        return []
    bags_old, bags_new = [_bag(line) for line in old], [_bag(line) for line in new]
    gains = [[_gain(a, b) for b in bags_new] for a in bags_old]
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        row, below, gain = best[i], best[i + 1], gains[i]
        for j in range(len(new) - 1, -1, -1):
            value = max(below[j], row[j + 1])
            if gain[j]:
                value = max(value, gain[j] + below[j + 1])
            row[j] = value
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if gains[i][j] and best[i][j] == gains[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


@dataclass(frozen=True, slots=True)
class _Bag:
    words: Counter[str]
    weight: int


def _bag(line: str) -> _Bag:
    tokens = [token for token in tokenize(line) if not _IS_SPACE.fullmatch(token)]
    return _Bag(Counter(tokens), sum(map(len, tokens)))


def _gain(a: _Bag, b: _Bag) -> int:
    """What pairing two lines is worth: nothing below half in common, little for blank lines."""
    if not a.weight or not b.weight:
        return 1 if a.weight == b.weight else 0
    total = a.weight + b.weight
    if 4 * min(a.weight, b.weight) < total:
        return 0
    few, many = (a.words, b.words) if len(a.words) <= len(b.words) else (b.words, a.words)
    common = sum(min(count, many[word]) * len(word) for word, count in few.items() if word in many)
    return 4 + 8 * common if 4 * common >= total else 0


def _word_spans(old: str, new: str) -> tuple[Span, ...]:
    a, b = tokenize(old.removesuffix("\n")), tokenize(new.removesuffix("\n"))
    blocks = heaviest_blocks(a, b, _token_weight, MAX_CELLS)
    if blocks is None:
        blocks = changed_blocks(a, b, MAX_WORD_EDITS)
    blocks = [trim(a, b, block) for block in _drop_coincidences(a, b, blocks)]
    blocks = slide(a, b, blocks, _word_boundary)
    spans: list[Span] = []
    i = 0
    for block in blocks:
        _add_span(spans, "equal", "".join(a[i : block.old_start]))
        _add_span(spans, "delete", "".join(a[block.old_start : block.old_end]))
        _add_span(spans, "insert", "".join(b[block.new_start : block.new_end]))
        i = block.old_end
    _add_span(spans, "equal", "".join(a[i:]))
    ends = old.endswith("\n"), new.endswith("\n")
    if ends[0] == ends[1]:
        _add_span(spans, "equal", "\n" * ends[0])
    else:
        _add_span(spans, "delete" if ends[0] else "insert", "\n")
    return tuple(spans)


def _add_span(spans: list[Span], kind: SpanKind, text: str) -> None:
    if text and spans and spans[-1].kind == kind:
        spans[-1] = Span(kind, spans[-1].text + text)
    elif text:
        spans.append(Span(kind, text))


def _drop_coincidences(a: list[str], b: list[str], blocks: list[Block]) -> list[Block]:
    """Join two edits when what stands between them is no longer than either of them.

    A stretch with enough letters always stays, so that common phrases in long rewrites are seen.
    """
    joined: list[Block] = []
    for block in blocks:
        current = block
        while joined:
            last = joined[-1]
            between = a[last.old_end : current.old_start]
            length = sum(map(len, between))
            if length > min(_extent(a, b, last), _extent(a, b, current)):
                break
            if _weight(between) >= KEPT_WORDS:
                break
            joined.pop()
            current = Block(last.old_start, current.old_end, last.new_start, current.new_end)
        joined.append(current)
    return joined


def _extent(a: list[str], b: list[str], block: Block) -> int:
    old = sum(map(len, a[block.old_start : block.old_end]))
    return max(old, sum(map(len, b[block.new_start : block.new_end])))


def _word_boundary(tokens: Sequence[str], at: int) -> int:
    """Rate the place before a token as an end of an edit: higher reads better."""
    if at in {0, len(tokens)}:
        return 4
    before = tokens[at - 1]
    if not _is_blank(before):
        return 0 if _IS_WORD.match(before) and _IS_WORD.match(tokens[at]) else 1
    return 3 if at > 1 and tokens[at - 2] in _SENTENCE_ENDS else 2
