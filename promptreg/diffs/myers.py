"""Myers' greedy difference of two sequences, capped in cost, and sliding of its edits; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from promptreg.values import dataclass

__all__ = ["Block", "changed_blocks", "heaviest_blocks", "slide", "trim"]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the old sequence that another stretch of the new one replaces."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def changed_blocks(a: Sequence[str], b: Sequence[str], limit: int) -> list[Block]:
    """Return the stretches that differ, in order.

    Args:
        a: The old sequence.
        b: The new sequence.
        limit: The number of edits above which all between common start and end is one block.
    """
    whole = trim(a, b, Block(0, len(a), 0, len(b)))
    if whole.old_start == whole.old_end and whole.new_start == whole.new_end:
        return []
    if whole.old_start == whole.old_end or whole.new_start == whole.new_end:
        return [whole]
    old, new = a[whole.old_start : whole.old_end], b[whole.new_start : whole.new_end]
    if set(old).isdisjoint(new):
        return [whole]
    ids: dict[str, int] = {}
    x = [ids.setdefault(item, len(ids)) for item in old]
    y = [ids.setdefault(item, len(ids)) for item in new]
    trace = _search(x, y, limit)
    if trace is None:
        return [whole]
    return [_shifted(block, whole.old_start) for block in _blocks_of_trace(x, y, trace)]


def heaviest_blocks(
    a: Sequence[str], b: Sequence[str], weight: Callable[[str], int], limit: int
) -> list[Block] | None:
    """Return the stretches that differ when the common items weigh as much as they can.

    Args:
        a: The old sequence.
        b: The new sequence.
        weight: What an item counts when it is common; positive.
        limit: The number of pairs above which the answer is None.
    """
    whole = trim(a, b, Block(0, len(a), 0, len(b)))
    x = a[whole.old_start : whole.old_end]
    y = b[whole.new_start : whole.new_end]
    if len(x) * len(y) > limit:
        return None
    best = [[0] * (len(y) + 1) for _ in range(len(x) + 1)]
    for i in range(len(x) - 1, -1, -1):
        row, below, item, value = best[i], best[i + 1], x[i], weight(x[i])
        for j in range(len(y) - 1, -1, -1):
            most = max(below[j], row[j + 1])
            row[j] = max(most, below[j + 1] + value) if y[j] == item else most
    blocks: list[Block] = []
    i = j = from_i = from_j = 0
    while i < len(x) or j < len(y):
        if i < len(x) and j < len(y) and x[i] == y[j]:
            common = best[i][j] == best[i + 1][j + 1] + weight(x[i])
        else:
            common = False
        if common:
            if (from_i, from_j) != (i, j):
                blocks.append(Block(from_i, i, from_j, j))
            i, j = i + 1, j + 1
            from_i, from_j = i, j
        elif i < len(x) and (j == len(y) or best[i][j] == best[i + 1][j]):
            i += 1
        else:
            j += 1
    if (from_i, from_j) != (i, j):
        blocks.append(Block(from_i, i, from_j, j))
    return [_shifted(block, whole.old_start) for block in blocks]


def trim(a: Sequence[str], b: Sequence[str], block: Block) -> Block:
    """Take the common start and then the common end out of a block."""
    old_start, old_end, new_start, new_end = (
        block.old_start,
        block.old_end,
        block.new_start,
        block.new_end,
    )
    while old_start < old_end and new_start < new_end and a[old_start] == b[new_start]:
        old_start, new_start = old_start + 1, new_start + 1
    while old_start < old_end and new_start < new_end and a[old_end - 1] == b[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    return Block(old_start, old_end, new_start, new_end)


def _shifted(block: Block, by: int) -> Block:
    """Move a block by the same distance on both sides, which a common start makes equal."""
    return Block(block.old_start + by, block.old_end + by, block.new_start + by, block.new_end + by)


def _search(a: list[int], b: list[int], limit: int) -> list[list[int]] | None:
    """Return the furthest points per number of edits, or None above the limit."""
    n, m = len(a), len(b)
    bound = min(n + m, limit)
    furthest = [0] * (2 * bound + 3)
    middle = bound + 1
    trace: list[list[int]] = []
    for edits in range(bound + 1):
        trace.append(furthest[middle - edits - 1 : middle + edits + 2])
        for k in range(-edits, edits + 1, 2):
            at = middle + k
            down = k == -edits or (k != edits and furthest[at - 1] < furthest[at + 1])
            x = furthest[at + 1] if down else furthest[at - 1] + 1
            y = x - k
            while x < n and y < m and a[x] == b[y]:
                x += 1
                y += 1
            furthest[at] = x
            if x >= n and y >= m:
                return trace
    return None


def _blocks_of_trace(a: list[int], b: list[int], trace: list[list[int]]) -> list[Block]:
    """Walk the furthest points backwards and gather neighbouring edits into blocks."""
    blocks: list[Block] = []
    x, y = len(a), len(b)
    for edits in range(len(trace) - 1, 0, -1):
        row = trace[edits]
        k = x - y
        at = edits + 1 + k
        down = k == -edits or (k != edits and row[at - 1] < row[at + 1])
        from_x = row[at + 1] if down else row[at - 1]
        from_y = from_x - (k + 1 if down else k - 1)
        end_x, end_y = (from_x, from_y + 1) if down else (from_x + 1, from_y)
        last = blocks[-1] if blocks else None
        if last is not None and (last.old_start, last.new_start) == (end_x, end_y):
            blocks[-1] = Block(from_x, last.old_end, from_y, last.new_end)
        else:
            blocks.append(Block(from_x, end_x, from_y, end_y))
        x, y = from_x, from_y
    blocks.reverse()
    return blocks


def slide(
    a: Sequence[str],
    b: Sequence[str],
    blocks: list[Block],
    boundary: Callable[[Sequence[str], int], int],
) -> list[Block]:
    """Move pure insertions and deletions to where their ends read best.

    Args:
        a: The old sequence.
        b: The new sequence.
        blocks: What `changed_blocks` found.
        boundary: Rates the place before an index of a sequence; the highest sum of both ends wins,
            the last place among equals.
    """
    moved: list[Block] = []
    for number, block in enumerate(blocks):
        before = moved[-1] if moved else Block(0, 0, 0, 0)
        after = blocks[number + 1] if number + 1 < len(blocks) else None
        limit_old = len(a) if after is None else after.old_start
        limit_new = len(b) if after is None else after.new_start
        if block.old_start == block.old_end:
            room = (before.new_end, limit_new)
            shift = _best_shift(b, block.new_start, block.new_end, room, boundary)
        elif block.new_start == block.new_end:
            room = (before.old_end, limit_old)
            shift = _best_shift(a, block.old_start, block.old_end, room, boundary)
        else:
            shift = 0
        moved.append(_shifted(block, shift))
    return moved


def _best_shift(
    items: Sequence[str],
    start: int,
    end: int,
    room: tuple[int, int],
    boundary: Callable[[Sequence[str], int], int],
) -> int:
    lowest = 0
    while start + lowest > room[0] and items[start + lowest - 1] == items[end + lowest - 1]:
        lowest -= 1
    highest = 0
    while end + highest < room[1] and items[start + highest] == items[end + highest]:
        highest += 1
    best, best_rating = 0, -1
    for shift in range(lowest, highest + 1):
        rating = boundary(items, start + shift) + boundary(items, end + shift)
        if rating >= best_rating:
            best, best_rating = shift, rating
    return best
