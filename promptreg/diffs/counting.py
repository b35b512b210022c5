"""How many items of two sequences differ, without saying which; pure."""

from __future__ import annotations

from collections.abc import Sequence

from promptreg.diffs.myers import Block, trim

__all__ = ["count_edits"]


def count_edits(old: Sequence[str], new: Sequence[str], limit: int) -> tuple[int, int]:
    """Return how many items came and how many went, as few of both as there can be.

    Real prompts change by dozens of lines at a time, where searching the edits themselves, as
    `promptreg.diffs.myers` does, takes a hundred times as long as counting them.

    Args:
        old: The old sequence.
        new: The new sequence.
        limit: The number of pairs of items, without common start and end, above which nothing
            between these counts as common.
    """
    block = trim(old, new, Block(0, len(old), 0, len(new)))
    a, b = old[block.old_start : block.old_end], new[block.new_start : block.new_end]
    common = _common(a, b) if a and b and len(a) * len(b) <= limit else 0
    return len(b) - common, len(a) - common


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    All of a row of the usual table fits into one number, a bit for each item of `a`: Hyyrö,
    "Bit-Parallel LCS-length Computation Revisited", AWOCA 2004.
    """
    places: dict[str, int] = {}
    for index, item in enumerate(a):
        places[item] = places.get(item, 0) | 1 << index
    everything = (1 << len(a)) - 1
    row = everything
    for item in b:
        if matches := row & places.get(item, 0):
            row = (row + matches | row - matches) & everything
    return len(a) - row.bit_count()
